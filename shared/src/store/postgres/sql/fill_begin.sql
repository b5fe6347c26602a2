-- Rows find their events by number. New tables have no statistics yet: without these each batch would
-- read all events.
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
