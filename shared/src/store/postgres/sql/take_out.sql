-- A position is of the event that its link lists there.
UPDATE events SET body = known.placeholder
FROM unnest($1::bigint[], $2::text[]) AS known (position, placeholder)
CROSS JOIN LATERAL (
    SELECT position, events FROM chain WHERE chain.position >= known.position ORDER BY chain.position LIMIT 1
) AS link
WHERE events.id = link.events[known.position - (link.position - cardinality(link.events))]
    AND events.body NOT LIKE '#archived %'
