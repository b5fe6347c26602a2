DELETE FROM notes
WHERE (kind, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
