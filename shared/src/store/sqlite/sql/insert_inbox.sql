INSERT INTO inbox (sender, number, at, body) VALUES (?1, ?2, ?3, ?4)
