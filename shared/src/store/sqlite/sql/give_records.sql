SELECT json_object('record', json_object('kind', kind, 'id', id, 'version', version))
FROM records ORDER BY kind, id
