SELECT step AS queue, id, 0 AS job FROM lots WHERE due <= ?1
UNION ALL
SELECT kind AS queue, id, 1 AS job FROM jobs WHERE due <= ?1
LIMIT ?2
