SELECT lines.id, lines.version, events.body
FROM lines JOIN events ON events.position = lines.event
ORDER BY lines.id
