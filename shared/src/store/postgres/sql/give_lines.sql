SELECT json_build_object('line', json_build_object('id', id, 'external', external, 'alike', alike,
    'version', version))::text
FROM lines ORDER BY id
