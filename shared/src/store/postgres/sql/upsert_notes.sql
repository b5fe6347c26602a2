INSERT INTO notes (kind, key, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body
