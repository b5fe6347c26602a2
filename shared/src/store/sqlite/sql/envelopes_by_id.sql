SELECT id, currency, committed, opened, allocated, obligated, disbursed, expired, overrun, version, event
FROM envelopes WHERE id IN (SELECT value FROM json_each(?1))
