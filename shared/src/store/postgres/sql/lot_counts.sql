SELECT state, step, awaits, count(*) FROM lots
GROUP BY state, step, awaits
ORDER BY step COLLATE "C" NULLS FIRST, state COLLATE "C", awaits COLLATE "C" NULLS FIRST
