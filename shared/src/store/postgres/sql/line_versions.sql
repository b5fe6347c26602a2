SELECT id, version FROM lines WHERE id = ANY ($1)
