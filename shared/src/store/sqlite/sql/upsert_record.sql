INSERT INTO records (kind, id, version, body)
VALUES (?, ?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, body = excluded.body
