INSERT INTO lines (id, requester, external, alike, version, event, body)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])
ON CONFLICT (id) DO UPDATE SET
    requester = excluded.requester, alike = excluded.alike, version = excluded.version,
    event = excluded.event, body = excluded.body
