SELECT lots.id, events.body
FROM lots JOIN events ON events.position = lots.event
WHERE lots.id IN (SELECT value FROM json_each(?1))
ORDER BY lots.id
