INSERT INTO leases (subjects) VALUES (?1) RETURNING id
