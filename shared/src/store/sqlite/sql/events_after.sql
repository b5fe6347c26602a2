SELECT position, at, actor, subject, number, kind, body FROM events WHERE position > ?1 ORDER BY position LIMIT ?2
