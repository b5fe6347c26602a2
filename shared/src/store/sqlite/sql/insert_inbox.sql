INSERT INTO inbox (sender, number, at, body) VALUES (?, ?, ?, ?)
