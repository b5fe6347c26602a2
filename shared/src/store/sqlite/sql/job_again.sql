UPDATE jobs SET due = ?, attempt = ?, version = version + 1 WHERE id = ? AND version = ?
