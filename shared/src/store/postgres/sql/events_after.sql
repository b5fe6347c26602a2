SELECT chain.position - cardinality(chain.events) + entry.number AS position,
    events.at, events.actor, events.subject, events.number, events.kind, events.body
FROM chain, unnest(chain.events) WITH ORDINALITY AS entry (id, number)
JOIN events ON events.id = entry.id
WHERE chain.position > $1 AND chain.position - cardinality(chain.events) < $1 + $2
    AND chain.position - cardinality(chain.events) + entry.number BETWEEN $1 + 1 AND $1 + $2
ORDER BY 1
