SELECT id, version, body FROM lines WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id
