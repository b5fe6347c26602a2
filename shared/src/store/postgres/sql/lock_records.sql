SELECT kind, id, version, event FROM records
WHERE (kind, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
ORDER BY kind, id FOR UPDATE
