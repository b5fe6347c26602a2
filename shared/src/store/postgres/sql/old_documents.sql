SELECT sender, number, at, body FROM old_documents WHERE (sender, number) > ($1, $2)
ORDER BY sender, number LIMIT $3
