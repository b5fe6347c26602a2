-- A body that was put into an archive leaves its SHA-256 behind, which the hash chain holds; nothing else of an event
-- ever changes.
CREATE OR REPLACE FUNCTION events_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.body NOT LIKE '#archived %'
            AND NEW.body LIKE '#archived % ' || encode(sha256(convert_to(OLD.body, 'UTF8')), 'hex')
            AND (NEW.id, NEW.recorded, NEW.at, NEW.actor, NEW.subject, NEW.number, NEW.kind, NEW.previous)
                IS NOT DISTINCT FROM
                (OLD.id, OLD.recorded, OLD.at, OLD.actor, OLD.subject, OLD.number, OLD.kind, OLD.previous)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'events are never changed or deleted';
END $$;
