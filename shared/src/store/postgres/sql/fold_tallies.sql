-- What was added meanwhile stays as it is. Only who leads under $1 folds.
WITH led AS MATERIALIZED (
    SELECT term FROM leadership WHERE term = $1 AND until > clock_timestamp() FOR SHARE
), gone AS (
    DELETE FROM tallies WHERE EXISTS (SELECT 1 FROM led) RETURNING step, state, awaits, since, lots
)
INSERT INTO tallies (step, state, awaits, since, lots)
SELECT step, state, awaits, since, sum(lots) FROM gone
GROUP BY step, state, awaits, since HAVING sum(lots) <> 0
