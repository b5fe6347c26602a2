SELECT state, nullif(step, ''), nullif(awaits, ''), sum(lots), coalesce(min(nullif(since, 0)), 0)
FROM tallies
GROUP BY step, state, awaits
ORDER BY step, state, awaits
