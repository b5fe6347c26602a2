-- One row for all: rows are handed from thread to thread one by one, at a price.
SELECT json_group_array(json_array(queue, id)) FROM (
    SELECT step AS queue, id FROM lots WHERE due <= ?1
    UNION ALL
    SELECT kind AS queue, id FROM jobs WHERE due <= ?1
    LIMIT ?2
)
