INSERT INTO events (position, at, actor, subject, number, kind, previous, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
