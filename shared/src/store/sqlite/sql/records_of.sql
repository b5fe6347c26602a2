SELECT records.id, records.version, events.body
FROM records JOIN events ON events.position = records.event
WHERE records.kind = ?1 AND records.id >= ?2 AND records.id < ?3
ORDER BY records.id
