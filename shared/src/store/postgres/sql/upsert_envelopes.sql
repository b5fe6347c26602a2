INSERT INTO envelopes (
    id, currency, version, event, committed, opened, allocated, obligated, disbursed, expired, overrun
)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]
)
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, event = excluded.event, committed = excluded.committed,
    opened = excluded.opened, allocated = excluded.allocated, obligated = excluded.obligated,
    disbursed = excluded.disbursed, expired = excluded.expired, overrun = excluded.overrun
