SELECT coalesce(max(position), 0), coalesce((SELECT hash FROM chain ORDER BY position DESC LIMIT 1), '')
FROM events
