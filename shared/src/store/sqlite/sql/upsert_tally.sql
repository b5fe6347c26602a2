INSERT INTO tallies (step, state, awaits, since, lots)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (step, state, awaits, since) DO UPDATE SET lots = lots + excluded.lots
