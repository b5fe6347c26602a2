SELECT json_object('document', json_object('sender', sender, 'number', number, 'at', at, 'body', body))
FROM inbox ORDER BY sender, number
