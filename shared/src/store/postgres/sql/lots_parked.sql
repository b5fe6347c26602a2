SELECT id, body, version, state, step, awaits, class::bigint, rank::bigint FROM lots
WHERE state = 'parked' AND id > $1 AND ($2::text IS NULL OR step = $2)
    AND ($3::bigint IS NULL OR class = $3)
ORDER BY id LIMIT $4
