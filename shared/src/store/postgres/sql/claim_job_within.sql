-- Claims the first for whose key there is room: fewer than $6 hold a lease now, and the last began
-- long enough ago ($7 is the least time between two).
WITH free AS (
    SELECT jobs.id, jobs.body FROM jobs JOIN flows ON flows.kind = jobs.kind AND flows.key = jobs.body
    WHERE jobs.id = ANY ($1) AND jobs.kind = $2 AND due <= $3
        AND (held IS NULL OR held < clock_timestamp())
        AND free_at <= clock_timestamp()
        AND $6 > (
            SELECT count(*) FROM jobs AS other
            WHERE other.kind = jobs.kind AND other.body = jobs.body AND other.held > clock_timestamp()
        )
    ORDER BY due, jobs.id LIMIT 1 FOR UPDATE OF jobs
), paced AS (
    UPDATE flows SET free_at = clock_timestamp() + $7
    FROM free WHERE flows.kind = $2 AND flows.key = free.body
)
UPDATE jobs SET lease = lease + 1, holder = $4, held = clock_timestamp() + $5, next = NULL,
    attempt = attempt + (held IS NOT NULL)::integer
FROM free WHERE jobs.id = free.id
RETURNING jobs.id, kind, key, due, attempt, version, lease, jobs.body
