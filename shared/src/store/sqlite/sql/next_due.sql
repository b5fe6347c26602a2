SELECT min(due) FROM (
    SELECT min(due) AS due FROM lots WHERE due > ?1
    UNION ALL
    SELECT min(due) AS due FROM jobs WHERE due > ?1 AND kind <> ?2
)
