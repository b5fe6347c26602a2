SELECT position, at, actor, subject, number, kind, body FROM events WHERE subject = ?1 ORDER BY number
