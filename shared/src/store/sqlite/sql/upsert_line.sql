INSERT INTO lines (id, external, alike, version, body)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    alike = excluded.alike, version = excluded.version, body = excluded.body
