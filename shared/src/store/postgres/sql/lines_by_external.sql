SELECT id, version, body FROM lines WHERE external = ANY ($1) ORDER BY id
