INSERT INTO lines (id, external, alike, version, event, body)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])
ON CONFLICT (id) DO UPDATE SET
    alike = excluded.alike, version = excluded.version, event = excluded.event,
    body = excluded.body
