-- Events have their positions as their numbers: each link covers those since the one before.
INSERT INTO chain (position, hash, settled, newest, events)
SELECT position, hash, position, position, ARRAY(SELECT generate_series(after + 1, position))
FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS t (position, after, hash)
