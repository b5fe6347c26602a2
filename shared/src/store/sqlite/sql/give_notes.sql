SELECT json_object('note', json_object('kind', kind, 'key', key, 'body', body))
FROM notes ORDER BY kind, key
