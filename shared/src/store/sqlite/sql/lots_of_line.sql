SELECT lots.id, events.body
FROM lots JOIN events ON events.position = lots.event
WHERE lots.id >= ?1 AND lots.id < ?2
ORDER BY lots.id
