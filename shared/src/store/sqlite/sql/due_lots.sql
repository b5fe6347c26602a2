SELECT step AS queue, id FROM lots WHERE due <= ?1 LIMIT ?2
