SELECT id, version, body FROM lines WHERE id = ANY ($1) ORDER BY id
