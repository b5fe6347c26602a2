-- One that is being asked for again is waited for: its hint does not come twice soon. Rows are locked
-- in the order of `lock_jobs.sql`. One whose holder was lost is at its next attempt.
WITH free AS MATERIALIZED (
    SELECT id FROM jobs
    WHERE id = ANY ($1) AND kind = $2 AND due <= $3 AND (held IS NULL OR held < clock_timestamp())
    ORDER BY id FOR UPDATE
)
UPDATE jobs SET lease = lease + 1, holder = $4, held = clock_timestamp() + $5, next = NULL,
    attempt = attempt + (held IS NOT NULL)::integer
FROM free WHERE jobs.id = free.id AND (held IS NULL OR held < clock_timestamp())
RETURNING jobs.id, kind, key, due, attempt, version, lease, body
