SELECT id, kind, key, due, attempt, version, body FROM jobs WHERE due <= ?1
