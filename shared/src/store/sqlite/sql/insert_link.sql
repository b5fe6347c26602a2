INSERT INTO chain (position, hash) VALUES (?1, ?2)
