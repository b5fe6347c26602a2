SELECT min(due) FROM (
    SELECT min(due) AS due FROM lots WHERE due IS NOT NULL
    UNION ALL
    SELECT min(due) AS due FROM jobs WHERE kind <> ?1
)
