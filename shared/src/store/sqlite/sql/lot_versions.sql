SELECT json_group_array(json_array(id, version, event)) FROM lots
WHERE id IN (SELECT value FROM json_each(?1))
