INSERT INTO jobs (kind, key, due, attempt, version, body)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::bigint[], $4::integer[], $5::bigint[], $6::text[]
)
