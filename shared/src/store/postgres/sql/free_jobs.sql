SELECT id, kind, key, due, attempt, version, lease, body FROM jobs
WHERE id = ANY ($1) AND kind = $2 AND due <= $3 AND (held IS NULL OR held < clock_timestamp())
ORDER BY id
