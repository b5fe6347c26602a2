SELECT id, currency, committed, opened, allocated, obligated, disbursed, expired, overrun, version
FROM envelopes ORDER BY id
