INSERT INTO lots (id, version, state, step, awaits, due, class, rank, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, state = excluded.state, step = excluded.step,
    awaits = excluded.awaits, due = excluded.due, class = excluded.class,
    rank = excluded.rank, body = excluded.body
