SELECT id, currency, committed, opened, allocated, obligated, disbursed, expired, overrun FROM envelopes ORDER BY id
