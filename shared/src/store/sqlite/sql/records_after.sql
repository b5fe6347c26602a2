SELECT records.id, records.version, events.body, records.kind
FROM records JOIN events ON events.position = records.event
WHERE (records.kind, records.id) > (?1, ?2)
ORDER BY records.kind, records.id LIMIT ?3
