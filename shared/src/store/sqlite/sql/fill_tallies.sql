INSERT INTO tallies (step, state, awaits, since, lots)
SELECT coalesce(lots.step, ''), lots.state, coalesce(lots.awaits, ''),
    CASE WHEN lots.step IS NULL THEN 0
        ELSE coalesce(json_extract(events.body, '$.since'), 0) / 3600 * 3600 END,
    count(*)
FROM lots JOIN events ON events.position = lots.event
GROUP BY 1, 2, 3, 4
