-- The pluses keep to the ids: other indexes would walk through every job of the kind.
SELECT id, kind, key, due, attempt, version, body FROM jobs
WHERE id IN (SELECT value FROM json_each(?1)) AND +kind = ?2 AND +due <= ?3
ORDER BY id
