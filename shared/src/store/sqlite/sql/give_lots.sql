SELECT json_object('lot', json_object('id', id, 'version', version, 'state', state, 'step', step,
    'awaits', awaits, 'due', due, 'class', class, 'rank', rank))
FROM lots ORDER BY id
