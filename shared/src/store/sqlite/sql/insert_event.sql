INSERT INTO events (position, at, actor, subject, number, kind, body)
VALUES (?, ?, ?, ?, ?, ?, ?)
