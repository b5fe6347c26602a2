-- Kinds that are not in the order come last.
SELECT kind, id, due FROM jobs WHERE due <= ?1
ORDER BY due, coalesce((SELECT key FROM json_each(?2) WHERE value = kind), 1e9), jobs.key
LIMIT 1
