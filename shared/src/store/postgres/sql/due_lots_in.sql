-- For each lane of a step the longest due that nobody holds.
SELECT wanted.step, found.class, found.id, found.due
FROM unnest($2::text[], $3::smallint[], $4::bigint[]) AS wanted (step, lane, most),
LATERAL (
    SELECT id, class, due FROM lots
    WHERE lots.step = wanted.step AND lots.lane = wanted.lane AND lots.due <= $1
        AND (id, version) NOT IN (
            SELECT unnest(lots), unnest(versions) FROM leases WHERE until > clock_timestamp()
        )
    ORDER BY due LIMIT wanted.most
) AS found
