-- Moves lots that were there, each a unit of its own: locked by id, compared by version, written
-- with an event each. Gives the ids of those that were as expected.
WITH input AS (
    SELECT * FROM unnest(
        $1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::integer[], $6::text[],
        $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::smallint[],
        $15::text[], $16::text[], $17::text[], $18::bigint[], $19::bigint[]
    ) AS t (
        id, expected, due, class, rank, state, step, awaits, body, at, actor, subject, kind, lane,
        left_step, left_state, left_awaits, left_since, since
    )
), held AS MATERIALIZED (
    -- The number is drawn after the lock, which the inner query takes.
    SELECT id, version, event, nextval('event_ids') AS next FROM (
        SELECT id, version, event FROM lots WHERE id = ANY ($1) ORDER BY id FOR UPDATE
    ) AS locked
), fit AS MATERIALIZED (
    SELECT input.*, held.event AS previous, held.next
    FROM input JOIN held ON held.id = input.id AND held.version = input.expected
), moved AS (
    UPDATE lots SET version = fit.expected + 1, event = fit.next, due = fit.due,
        lane = fit.lane, class = fit.class, rank = fit.rank, state = fit.state, step = fit.step,
        awaits = fit.awaits, body = fit.body
    FROM fit WHERE lots.id = fit.id
), told AS (
    INSERT INTO events (id, at, actor, subject, number, kind, previous, body)
    SELECT next, at, actor, subject, expected + 1, kind, previous, body FROM fit
), tallied AS (
    INSERT INTO tallies (step, state, awaits, since, lots)
    SELECT step, state, awaits, since, sum(lots) FROM (
        SELECT coalesce(step, ''), state, coalesce(awaits, ''), since, 1 FROM fit
        UNION ALL
        SELECT left_step, left_state, left_awaits, left_since, -1 FROM fit
    ) AS moves (step, state, awaits, since, lots)
    GROUP BY step, state, awaits, since HAVING sum(lots) <> 0
)
SELECT coalesce(array_agg(id), '{}') FROM fit
