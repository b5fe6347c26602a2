SELECT id, version FROM lines WHERE id IN (SELECT value FROM json_each(?1))
