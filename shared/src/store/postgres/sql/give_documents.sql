-- In the order of their bytes, whatever the database's language.
SELECT json_build_object('document', json_build_object('sender', sender, 'number', number, 'at', at,
    'body', body))::text
FROM old_documents ORDER BY sender COLLATE "C", number COLLATE "C"
