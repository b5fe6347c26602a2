SELECT count(*) FROM (SELECT 1 FROM events_other LIMIT 1000000) AS stray
