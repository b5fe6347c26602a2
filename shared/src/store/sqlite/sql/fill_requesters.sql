UPDATE lines SET requester =
    (SELECT json_extract(events.body, '$.requester') FROM events WHERE events.position = lines.event)
