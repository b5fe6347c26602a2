INSERT INTO jobs (kind, key, due, attempt, version, body)
SELECT kind, key, due, 1, 1, body
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS t (kind, key, due, body)
ORDER BY kind, key
ON CONFLICT (kind, key) DO UPDATE SET
    due = least(jobs.due, excluded.due), version = jobs.version + 1,
    next = CASE WHEN jobs.holder IS NOT NULL THEN least(jobs.next, excluded.due) END,
    -- A document that is waiting is not replaced by another of the same number.
    body = CASE WHEN jobs.kind = 'document' THEN jobs.body ELSE excluded.body END
