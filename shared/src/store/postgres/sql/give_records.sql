SELECT json_build_object('record', json_build_object('kind', kind, 'id', id, 'version', version))::text
FROM records ORDER BY kind, id
