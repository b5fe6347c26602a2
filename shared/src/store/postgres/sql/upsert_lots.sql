INSERT INTO lots (id, version, event, due, class, rank, state, step, awaits, body, lane)
SELECT * FROM unnest(
    $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::integer[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::smallint[]
)
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, event = excluded.event, due = excluded.due,
    lane = excluded.lane, class = excluded.class, rank = excluded.rank, state = excluded.state, step = excluded.step,
    awaits = excluded.awaits, body = excluded.body
