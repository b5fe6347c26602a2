SELECT id, version, event FROM lines WHERE id = ANY ($1) ORDER BY id FOR UPDATE
