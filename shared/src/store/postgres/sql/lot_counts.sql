SELECT state, nullif(step, ''), nullif(awaits, ''), sum(lots)::bigint,
    coalesce(min(nullif(since, 0)), 0)
FROM (
    SELECT step, state, awaits, since, sum(lots) AS lots FROM tallies
    GROUP BY step, state, awaits, since HAVING sum(lots) <> 0
) AS places
GROUP BY step, state, awaits
ORDER BY step, state, awaits
