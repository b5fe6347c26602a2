-- One that is under way is due again, and what asked for it meanwhile is answered by that.
SELECT json_build_object('job', json_build_object('kind', kind, 'key', key, 'due', due,
    'attempt', attempt, 'version', version, 'body', body))::text
FROM jobs ORDER BY kind, key
