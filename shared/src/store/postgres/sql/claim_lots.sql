-- Leases the lots that are due, and gives them. A lease on a lot that has changed since means
-- nothing. Leases that have ended ($6) go in the same breath. Lots are looked up by id and only then
-- looked at: where nothing was due when statistics were taken, going through all that is due would
-- seem cheaper. OFFSET keeps the conditions outside.
WITH ended AS (
    DELETE FROM leases WHERE id = ANY ($6)
), due AS MATERIALIZED (
    SELECT id, version, body FROM (
        SELECT id, version, body, step, due FROM lots
        WHERE id = ANY ($1) ORDER BY id OFFSET 0 FOR UPDATE SKIP LOCKED
    ) AS named
    WHERE step = $2 AND due <= $3 AND (id, version) NOT IN (
        SELECT unnest(lots), unnest(versions) FROM leases
        WHERE step = $2 AND until > clock_timestamp()
    )
), lease AS (
    INSERT INTO leases (holder, step, until, lots, versions)
    SELECT $4, $2, clock_timestamp() + $5, array_agg(id), array_agg(version) FROM due
    HAVING count(*) > 0
    RETURNING id
)
SELECT lease.id, due.id, due.body FROM lease, due ORDER BY due.id
