SELECT 1 FROM inbox WHERE sender = ?1 AND number = ?2
