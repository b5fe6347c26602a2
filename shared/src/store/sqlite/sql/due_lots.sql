SELECT json_group_array(json_array(queue, id)) FROM (
    SELECT step AS queue, id FROM lots WHERE due <= ?1 LIMIT ?2
)
