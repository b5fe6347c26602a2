UPDATE jobs SET due = ?2, attempt = ?3, version = version + 1 WHERE id = ?1
