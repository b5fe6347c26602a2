SELECT lines.id FROM lines JOIN events ON events.position = lines.event
WHERE lines.requester IS NOT json_extract(events.body, '$.requester') ORDER BY lines.id
