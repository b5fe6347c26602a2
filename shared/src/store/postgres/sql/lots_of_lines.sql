SELECT found.id, found.body
FROM unnest($1::bigint[]) AS line (first),
    LATERAL (
        SELECT id, body FROM lots WHERE id >= line.first AND id < line.first + $2 ORDER BY id LIMIT $2
    ) AS found
ORDER BY found.id
