INSERT INTO tallies (step, state, awaits, since, lots)
SELECT coalesce(step, ''), state, coalesce(awaits, ''),
    CASE WHEN step IS NULL THEN 0
        ELSE coalesce((body::json ->> 'since')::bigint, 0) / 3600 * 3600 END,
    count(*)
FROM lots
GROUP BY 1, 2, 3, 4
