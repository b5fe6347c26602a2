SELECT json_build_object('envelope', json_build_object('id', id, 'currency', currency,
    'version', version, 'committed', committed, 'opened', opened, 'allocated', allocated,
    'obligated', obligated, 'disbursed', disbursed, 'expired', expired, 'overrun', overrun))::text
FROM envelopes ORDER BY id
