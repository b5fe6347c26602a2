SELECT id, body FROM lots
WHERE awaits = $1 AND (class, rank, id) > ($2, $3, $4) AND ($5::bigint IS NULL OR class = $5)
ORDER BY class, rank, id LIMIT $6
