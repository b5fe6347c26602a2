SELECT id, version, body FROM records WHERE kind = ?1 ORDER BY id
