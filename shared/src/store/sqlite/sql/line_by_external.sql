SELECT id, version FROM lines WHERE external = ?1
