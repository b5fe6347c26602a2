-- A body that was put into an archive leaves its SHA-256 behind, which the hash chain holds; nothing else of an event
-- ever changes.
DROP TRIGGER events_are_not_changed;
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
WHEN NOT (
    NEW.position = OLD.position AND NEW.at = OLD.at AND NEW.actor = OLD.actor AND NEW.subject = OLD.subject
    AND NEW.number = OLD.number AND NEW.kind = OLD.kind AND NEW.previous = OLD.previous
    AND OLD.body NOT LIKE '#archived %' AND NEW.body LIKE '#archived %'
)
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
