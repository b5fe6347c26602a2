INSERT INTO lines (id, external, version, body)
VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body
