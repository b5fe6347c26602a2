UPDATE jobs SET
    due = CASE WHEN jobs.version = t.version THEN t.due ELSE jobs.due END,
    attempt = CASE WHEN jobs.version = t.version THEN t.attempt ELSE jobs.attempt END,
    version = jobs.version + 1, next = NULL, holder = NULL, held = NULL
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[]) AS t (id, version, due, attempt)
WHERE jobs.id = t.id
