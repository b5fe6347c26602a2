-- Those that end and those that are asked for again, in one order, so that nobody waits in a circle.
SELECT id, version, lease FROM jobs
WHERE id = ANY ($1) OR (kind, key) IN (SELECT * FROM unnest($2::text[], $3::text[]))
ORDER BY id FOR UPDATE
