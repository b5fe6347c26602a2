INSERT INTO chain (position, hash) VALUES (?, ?)
