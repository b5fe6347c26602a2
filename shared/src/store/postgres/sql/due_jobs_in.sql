SELECT wanted.kind, 2::smallint, found.id, found.due
FROM unnest($2::text[], $3::bigint[]) AS wanted (kind, most),
LATERAL (
    SELECT id, due FROM jobs
    WHERE jobs.kind = wanted.kind AND jobs.due <= $1
        AND (held IS NULL OR held < clock_timestamp())
    ORDER BY due LIMIT wanted.most
) AS found
