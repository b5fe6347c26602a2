SELECT json_object('job', json_object('kind', kind, 'key', key, 'due', due, 'attempt', attempt,
    'version', version, 'body', body))
FROM jobs ORDER BY kind, key
