INSERT INTO old_documents (sender, number, at, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
