SELECT version, event FROM records WHERE kind = ?1 AND id = ?2
