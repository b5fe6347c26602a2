SELECT sender, number FROM inbox
WHERE (sender, number) IN (SELECT * FROM unnest($1::text[], $2::text[]))
