INSERT INTO records (kind, id, version, event)
VALUES (?, ?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, event = excluded.event
