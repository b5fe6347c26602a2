SELECT id, version, body FROM lines ORDER BY id
