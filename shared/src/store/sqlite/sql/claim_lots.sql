-- One row for all lots: rows are handed from thread to thread one by one, at a price.
SELECT '[' || coalesce(group_concat(body, ','), '') || ']'
FROM (
    SELECT body FROM lots
    WHERE id IN (SELECT value FROM json_each(?1)) AND step = ?2 AND due <= ?3
    ORDER BY id
)
