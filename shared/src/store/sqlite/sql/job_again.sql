-- One that was asked for again while it ran is due when it was asked for. After a failure it rests all the
-- same: who asks does not know that it failed.
UPDATE jobs SET
    due = CASE WHEN version = ? OR ? > 1 THEN ? ELSE min(due, ?) END,
    attempt = ?, version = version + 1
WHERE id = ?
