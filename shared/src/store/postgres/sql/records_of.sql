SELECT id, version, body, kind FROM records
WHERE kind = $1 AND id >= $2 AND id < $3 ORDER BY id
