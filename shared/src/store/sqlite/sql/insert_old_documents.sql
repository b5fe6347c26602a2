INSERT INTO old_documents (sender, number, at, body) VALUES (?, ?, ?, ?)
