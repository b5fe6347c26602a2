-- One whose holder was lost is at its next attempt.
UPDATE jobs SET lease = lease + 1, holder = $4, held = clock_timestamp() + $5, next = NULL,
    attempt = attempt + (held IS NOT NULL)::integer
WHERE id IN (
    SELECT id FROM jobs
    WHERE id = ANY ($1) AND kind = $2 AND due <= $3 AND (held IS NULL OR held < clock_timestamp())
    ORDER BY id FOR UPDATE SKIP LOCKED
) AND (held IS NULL OR held < clock_timestamp())
RETURNING id, kind, key, due, attempt, version, lease, body
