SELECT id, version, event FROM lines WHERE id IN (SELECT value FROM json_each(?1))
