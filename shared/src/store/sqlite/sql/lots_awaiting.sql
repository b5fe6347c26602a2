SELECT lots.id, events.body
FROM lots JOIN events ON events.position = lots.event
WHERE lots.awaits = ?1
ORDER BY lots.class, lots.rank, lots.id
