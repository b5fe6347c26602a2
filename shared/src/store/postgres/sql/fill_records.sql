INSERT INTO records (kind, id, version, event, body)
SELECT t.kind, t.id, t.version, t.event, events.body
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS t (kind, id, version, event)
LEFT JOIN events ON events.id = t.event
