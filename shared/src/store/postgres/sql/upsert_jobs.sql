INSERT INTO jobs (kind, key, due, attempt, version, body)
SELECT kind, key, due, 1, 1, body
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS t (kind, key, due, body)
ORDER BY kind, key
ON CONFLICT (kind, key) DO UPDATE SET
    -- One that runs now is wanted once more, when it was asked for: its earlier moment was served.
    due = CASE WHEN jobs.holder IS NULL THEN least(jobs.due, excluded.due) ELSE excluded.due END,
    version = jobs.version + 1,
    -- A document that is waiting is not replaced by another of the same number.
    body = CASE WHEN jobs.kind = 'document' THEN jobs.body ELSE excluded.body END
