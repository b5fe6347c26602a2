SELECT id FROM lines WHERE requester IS DISTINCT FROM body::json ->> 'requester' ORDER BY id
