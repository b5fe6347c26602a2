SELECT json_object('document', json_object('sender', sender, 'number', number, 'at', at, 'body', body))
FROM old_documents ORDER BY sender, number
