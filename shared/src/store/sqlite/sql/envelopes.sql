SELECT id, currency, committed, opened, allocated, obligated, disbursed, expired FROM envelopes ORDER BY id
