INSERT INTO tallies (step, state, awaits, since, lots)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
