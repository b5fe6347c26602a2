SELECT id, currency, committed, opened, allocated, obligated, disbursed, expired, overrun, version, event
FROM envelopes WHERE id = ANY ($1) ORDER BY id FOR UPDATE
