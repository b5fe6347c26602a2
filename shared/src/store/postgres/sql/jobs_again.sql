-- One that was asked for again while it ran is due when it was asked for. After a failure it rests all the
-- same: who asks does not know that it failed.
UPDATE jobs SET
    due = CASE WHEN t.attempt > 1 THEN t.due ELSE least(coalesce(jobs.next, t.due), t.due) END,
    attempt = t.attempt, version = jobs.version + 1, next = NULL, holder = NULL, held = NULL
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[]) AS t (id, version, due, attempt)
WHERE jobs.id = t.id
