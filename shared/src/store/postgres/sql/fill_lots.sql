INSERT INTO lots (id, version, event, due, class, rank, state, step, awaits, lane, body)
SELECT t.*, events.body
FROM unnest(
    $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::integer[],
    $7::text[], $8::text[], $9::text[], $10::smallint[]
) AS t (id, version, event, due, class, rank, state, step, awaits, lane)
LEFT JOIN events ON events.id = t.event
