SELECT id, version FROM lots WHERE id IN (SELECT value FROM json_each(?1))
