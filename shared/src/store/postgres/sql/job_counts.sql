SELECT kind, count(*) FROM jobs GROUP BY kind ORDER BY kind
