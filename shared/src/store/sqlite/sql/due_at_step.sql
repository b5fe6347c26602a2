-- One row for all: rows are handed from thread to thread one by one, at a price.
SELECT json_group_array(json_array(step, class, id, due)) FROM (
    SELECT step, class, id, due FROM lots
    WHERE due <= ?1 AND step = ?2 AND class BETWEEN ?4 AND ?5
    ORDER BY due LIMIT ?3
)
