-- The class that jobs have is the fourth value: a job is in no other lane.
SELECT json_group_array(json_array(kind, ?4, id, due)) FROM (
    SELECT kind, id, due FROM jobs
    WHERE due <= ?1 AND kind = ?2 AND ?5 = ?4
    ORDER BY due LIMIT ?3
)
