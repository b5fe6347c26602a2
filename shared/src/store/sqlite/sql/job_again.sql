-- One that was asked for again while it ran is due when it was asked for. After a failure it rests all the
-- same: who asks does not know that it failed.
UPDATE jobs SET
    due = CASE WHEN version = ?4 OR ?2 > 1 THEN ?1 ELSE min(due, ?1) END,
    attempt = ?2, version = version + 1
WHERE id = ?3
