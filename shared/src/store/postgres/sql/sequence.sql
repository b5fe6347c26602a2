-- Gives positions to the visible events after $2 that have none ($3 have), in the order in which
-- their numbers were drawn, and links them behind the hash $5 at position $4. The digest of an event
-- is that of `store::chain`.
WITH led AS MATERIALIZED (
    SELECT term FROM leadership WHERE term = $1 AND until > clock_timestamp() FOR SHARE
), fresh AS MATERIALIZED (
    SELECT * FROM events
    WHERE id > $2 AND id NOT IN (SELECT unnest($3::bigint[])) AND EXISTS (SELECT 1 FROM led)
    ORDER BY id LIMIT $6
), placed AS (
    SELECT *, $4 + row_number() OVER (ORDER BY id) AS position FROM fresh
), linked AS (
    INSERT INTO chain (position, hash, settled, newest, events)
    SELECT max(position), encode(sha256(convert_to($5, 'UTF8') || string_agg(
        int8send(position) || int8send(at) || int8send(number)
            || int8send(octet_length(actor)) || convert_to(actor, 'UTF8')
            || int8send(octet_length(subject)) || convert_to(subject, 'UTF8')
            || int8send(octet_length(kind)) || convert_to(kind, 'UTF8')
            || sha256(convert_to(body, 'UTF8')),
        '' ORDER BY position)), 'hex'), $2, max(id), array_agg(id ORDER BY position)
    FROM placed HAVING count(*) > 0
    RETURNING position, hash, events
)
SELECT EXISTS (SELECT 1 FROM led), linked.position, linked.hash, linked.events,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
    (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM event_ids)
FROM (SELECT 1) AS one LEFT JOIN linked ON true
