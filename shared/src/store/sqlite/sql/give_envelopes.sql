SELECT json_object('envelope', json_object('id', id, 'currency', currency, 'version', version,
    'committed', committed, 'opened', opened, 'allocated', allocated, 'obligated', obligated,
    'disbursed', disbursed, 'expired', expired, 'overrun', overrun))
FROM envelopes ORDER BY id
