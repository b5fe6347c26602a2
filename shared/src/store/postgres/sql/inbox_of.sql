SELECT number, at, body FROM inbox WHERE sender = $1 AND number > $2 ORDER BY number LIMIT $3
