SELECT id, version, body, kind FROM records WHERE kind = $1 AND id = $2
