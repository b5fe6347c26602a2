SELECT id, alike FROM lines WHERE alike = ANY ($1) ORDER BY id
