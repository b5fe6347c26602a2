SELECT id, alike FROM lines WHERE alike IN (SELECT value FROM json_each(?1)) ORDER BY id
