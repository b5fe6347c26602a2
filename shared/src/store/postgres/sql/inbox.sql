SELECT body FROM inbox WHERE sender = $1 AND number = $2
