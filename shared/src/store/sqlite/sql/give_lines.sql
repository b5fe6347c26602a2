SELECT json_object('line', json_object('id', id, 'external', external, 'alike', alike, 'version', version))
FROM lines ORDER BY id
