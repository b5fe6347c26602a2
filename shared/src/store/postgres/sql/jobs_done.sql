WITH done AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS t (id, version)),
ended AS (
    DELETE FROM jobs USING done WHERE jobs.id = done.id AND jobs.version = done.version
    RETURNING jobs.id
)
-- One that was asked for again while it ran stays, and is free to be taken when it was asked for.
UPDATE jobs SET due = coalesce(jobs.next, jobs.due), next = NULL, holder = NULL, held = NULL FROM done
WHERE jobs.id = done.id AND jobs.version <> done.version
