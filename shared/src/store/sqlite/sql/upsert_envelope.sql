INSERT INTO envelopes (
    id, currency, committed, opened, allocated, obligated, disbursed, expired, overrun, version, event
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    committed = excluded.committed, opened = excluded.opened, allocated = excluded.allocated,
    obligated = excluded.obligated, disbursed = excluded.disbursed, expired = excluded.expired,
    overrun = excluded.overrun, version = excluded.version, event = excluded.event
