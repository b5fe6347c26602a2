SELECT id, version, body, kind FROM records WHERE kind = $1 ORDER BY id
