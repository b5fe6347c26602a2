SELECT body FROM notes WHERE kind = $1 AND key = $2
