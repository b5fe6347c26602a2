INSERT INTO jobs (kind, key, due, attempt, version, body)
VALUES (?, ?, ?, 1, 1, ?)
ON CONFLICT (kind, key) DO UPDATE SET
    due = min(jobs.due, excluded.due), version = jobs.version + 1,
    -- A document that is waiting is not replaced by another of the same number.
    body = CASE WHEN jobs.kind = 'document' THEN jobs.body ELSE excluded.body END
