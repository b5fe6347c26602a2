-- One whose holder was lost is at its next attempt.
SELECT id, kind, key, due, attempt + (held IS NOT NULL)::integer, version, lease, body FROM jobs
WHERE id = ANY ($1) AND kind = $2 AND due <= $3 AND (held IS NULL OR held < clock_timestamp())
ORDER BY id
