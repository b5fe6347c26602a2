SELECT key, due FROM jobs WHERE kind = ?1 ORDER BY key
