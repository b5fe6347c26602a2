UPDATE jobs SET due = ?3, attempt = ?4, version = version + 1 WHERE id = ?1 AND version = ?2
