INSERT INTO events (id, at, actor, subject, number, kind, previous, body)
SELECT * FROM unnest(
    $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
    $8::text[]
)
