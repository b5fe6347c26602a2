INSERT INTO lines (id, requester, external, alike, version, event)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    requester = excluded.requester, alike = excluded.alike, version = excluded.version,
    event = excluded.event
