SELECT id, version, event FROM lots WHERE id = ANY ($1) ORDER BY id FOR UPDATE
