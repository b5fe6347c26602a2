-- New events draw numbers behind those that are there.
SELECT setval('event_ids', max(id)) FROM events HAVING max(id) > 0
