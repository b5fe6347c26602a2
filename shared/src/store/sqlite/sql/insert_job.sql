INSERT INTO jobs (kind, key, due, attempt, version, body)
VALUES (?, ?, ?, ?, ?, ?)
