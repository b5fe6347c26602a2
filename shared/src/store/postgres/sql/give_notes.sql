-- In the order of their bytes, whatever the database's language.
SELECT json_build_object('note', json_build_object('kind', kind, 'key', key, 'body', body))::text
FROM notes ORDER BY kind COLLATE "C", key
