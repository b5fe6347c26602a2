SELECT id, version, body FROM lines WHERE external IN (SELECT value FROM json_each(?1)) ORDER BY id
