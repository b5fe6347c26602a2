INSERT INTO records (kind, id, version, event, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
ON CONFLICT (kind, id) DO UPDATE SET
    version = excluded.version, event = excluded.event, body = excluded.body
