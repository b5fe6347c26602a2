SELECT lines.id, lines.version, events.body
FROM lines JOIN events ON events.position = lines.event
WHERE lines.id IN (SELECT value FROM json_each(?1))
ORDER BY lines.id
