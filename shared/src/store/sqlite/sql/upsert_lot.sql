INSERT INTO lots (id, version, event, state, step, awaits, due, class, rank)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, event = excluded.event, state = excluded.state,
    step = excluded.step, awaits = excluded.awaits, due = excluded.due, class = excluded.class,
    rank = excluded.rank
