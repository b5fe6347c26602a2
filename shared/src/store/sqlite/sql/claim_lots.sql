-- Deletes leases that have ended, leases the lots that are due, and reads them: one text for all, as
-- rows are handed from thread to thread one by one, at a price. Only the leases are locked.
BEGIN;
DELETE FROM main.leases WHERE id IN (SELECT value FROM json_each(?));
INSERT INTO main.leases (subjects)
SELECT json_group_array(json_array(id, version)) FROM waybill.lots
WHERE id IN (SELECT value FROM json_each(?)) AND step = ? AND due <= ?
HAVING count(*) > 0
RETURNING id;
SELECT '[' || coalesce(group_concat(body, ','), '') || ']'
FROM (
    SELECT events.body
    FROM waybill.lots JOIN waybill.events ON events.position = lots.event
    WHERE lots.id IN (SELECT value FROM json_each(?)) AND lots.step = ? AND lots.due <= ?
    ORDER BY lots.id
);
COMMIT
