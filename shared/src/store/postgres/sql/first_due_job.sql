-- Kinds that are not in the order come last.
SELECT kind, id, due FROM jobs WHERE due <= $1
ORDER BY due, coalesce(array_position($2::text[], kind), 1000000), key
LIMIT 1
