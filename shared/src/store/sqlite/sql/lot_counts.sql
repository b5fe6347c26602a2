SELECT state, step, awaits, count(*) AS lots FROM lots GROUP BY state, step, awaits ORDER BY step, state, awaits
