SELECT step, lane::bigint AS lane, count(*), min(due) FROM lots
WHERE due <= $1 GROUP BY 1, 2
UNION ALL
SELECT kind, 1::bigint, count(*), min(due) FROM jobs WHERE due <= $1 GROUP BY 1
ORDER BY 1, 2
