-- Moves the tables, the sequence and the functions of Waybill's from the schema `waybill.from` to
-- `waybill.into`; what they are is told by the schema `waybill.like`. Partitions move one by one.
DO $$
DECLARE
    source oid := (SELECT oid FROM pg_namespace WHERE nspname = current_setting('waybill.from'));
    model oid := (SELECT oid FROM pg_namespace WHERE nspname = current_setting('waybill.like'));
    thing record;
BEGIN
    FOR thing IN
        SELECT oid::regclass AS name, CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
        FROM pg_class AS class
        WHERE relnamespace = source AND relkind IN ('r', 'p', 'S')
            AND (relname ~ '^events_\d{4}_\d{2}$'
                OR relname IN (SELECT relname FROM pg_class WHERE relnamespace = model))
            -- A sequence that belongs to a column moves with it.
            AND NOT EXISTS (
                SELECT FROM pg_depend
                WHERE classid = 'pg_class'::regclass AND objid = class.oid
                    AND refclassid = 'pg_class'::regclass AND relkind = 'S'
            )
    LOOP
        EXECUTE format(
            'ALTER %s %s SET SCHEMA %I', thing.kind, thing.name, current_setting('waybill.into')
        );
    END LOOP;
    FOR thing IN
        SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = source
            AND proname IN (SELECT proname FROM pg_proc WHERE pronamespace = model)
    LOOP
        EXECUTE format(
            'ALTER FUNCTION %s SET SCHEMA %I', thing.name, current_setting('waybill.into')
        );
    END LOOP;
END $$
