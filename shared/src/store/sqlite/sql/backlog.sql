SELECT step, CASE WHEN class <= 1 THEN 0 WHEN class = 2 THEN 1 ELSE 2 END AS lane, count(*), min(due) FROM lots
WHERE due <= ?1 GROUP BY 1, 2
UNION ALL
SELECT kind, 1, count(*), min(due) FROM jobs WHERE due <= ?1 GROUP BY 1
ORDER BY 1, 2
