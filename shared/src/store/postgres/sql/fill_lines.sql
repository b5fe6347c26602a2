INSERT INTO lines (id, requester, external, alike, version, event, body)
SELECT t.id, events.body::json ->> 'requester', t.external, t.alike, t.version, t.event, events.body
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
    AS t (id, external, alike, version, event)
LEFT JOIN events ON events.id = t.event
