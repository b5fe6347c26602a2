-- A link begins where the one before it ends. Its ids are many, and stored apart: only those of links that
-- are in the page are read, and of those only the part that is.
WITH links AS MATERIALIZED (
    SELECT events,
        coalesce(
            lag(position) OVER (ORDER BY position),
            (SELECT max(position) FROM chain WHERE position <= $1),
            position - cardinality(events)
        ) AS before
    FROM chain WHERE position > $1 ORDER BY position LIMIT $2
), parts AS (
    SELECT events, before, greatest($1 - before, 0) AS skipped FROM links WHERE before < $1 + $2
), entries AS (
    SELECT parts.before + parts.skipped + entry.number AS position, entry.id
    FROM parts, unnest(parts.events[(parts.skipped + 1)::integer:($1 + $2 - parts.before)::integer])
        WITH ORDINALITY AS entry (id, number)
)
SELECT entries.position, events.at, events.actor, events.subject, events.number, events.kind, events.body
FROM entries JOIN events ON events.id = entries.id
ORDER BY 1
