SELECT id, body FROM lots
WHERE id IN (SELECT value FROM json_each(?1)) AND step = ?2 AND due <= ?3
ORDER BY id
