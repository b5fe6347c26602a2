SELECT id, body FROM lots
WHERE (class, rank, id) > ($1, $2, $3) AND ($4::text IS NULL OR state = $4)
    AND ($5::text IS NULL OR step = $5) AND ($6::text IS NULL OR awaits = $6)
    AND ($7::bigint IS NULL OR class = $7)
ORDER BY class, rank, id LIMIT $8
