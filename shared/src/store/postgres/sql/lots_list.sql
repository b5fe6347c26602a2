SELECT id, body, version, state, step, awaits, class::bigint, rank::bigint FROM lots
WHERE id > $1 AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR step = $3)
    AND ($4::text IS NULL OR awaits = $4) AND ($5::bigint IS NULL OR class = $5)
ORDER BY id LIMIT $6
