-- Steps are few, lots are many: one look into the index for each lane of each step.
WITH RECURSIVE steps (step) AS (
    (SELECT step FROM lots WHERE due IS NOT NULL ORDER BY step LIMIT 1)
    UNION ALL
    SELECT (
        SELECT step FROM lots WHERE due IS NOT NULL AND step > steps.step ORDER BY step LIMIT 1
    )
    FROM steps WHERE steps.step IS NOT NULL
)
SELECT least(
    (
        SELECT min((
            SELECT due FROM lots
            WHERE lots.step = steps.step AND lots.lane = lanes.lane AND due > $1
            ORDER BY due LIMIT 1
        ))
        FROM steps, generate_series(0, 2) AS lanes (lane)
    ),
    (SELECT min(due) FROM jobs WHERE due > $1 AND kind <> $2)
)
