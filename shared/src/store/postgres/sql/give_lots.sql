SELECT json_build_object('lot', json_build_object('id', id, 'version', version, 'state', state,
    'step', step, 'awaits', awaits, 'due', due, 'class', class, 'rank', rank))::text
FROM lots ORDER BY id
