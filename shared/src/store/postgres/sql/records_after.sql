SELECT id, version, body, kind FROM records WHERE (kind, id) > ($1, $2) ORDER BY kind, id LIMIT $3
