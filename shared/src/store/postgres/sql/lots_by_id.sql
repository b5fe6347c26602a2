SELECT id, body FROM lots WHERE id = ANY ($1) ORDER BY id
