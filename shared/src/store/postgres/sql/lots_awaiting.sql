SELECT id, body FROM lots WHERE awaits = $1 ORDER BY class, rank, id
