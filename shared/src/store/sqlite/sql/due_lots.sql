SELECT json_group_array(json_array(step, class, id, due)) FROM (
    SELECT step, class, id, due FROM lots WHERE due <= ?1 LIMIT ?2
)
