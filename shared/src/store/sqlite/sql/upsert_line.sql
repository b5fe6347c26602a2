INSERT INTO lines (id, external, alike, version, event)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    alike = excluded.alike, version = excluded.version, event = excluded.event
