SELECT id, body FROM lots WHERE id >= $1 AND id < $2 ORDER BY id
