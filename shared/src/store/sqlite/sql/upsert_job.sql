INSERT INTO jobs (kind, key, due, attempt, version, body)
VALUES (?, ?, ?, 1, 1, ?)
ON CONFLICT (kind, key) DO UPDATE SET
    due = min(jobs.due, excluded.due), version = jobs.version + 1, body = excluded.body
