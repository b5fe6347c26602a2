SELECT lots.id, events.body
FROM json_each(?1) AS line
CROSS JOIN lots ON lots.id >= line.value AND lots.id < line.value + ?2
JOIN events ON events.position = lots.event
ORDER BY lots.id
