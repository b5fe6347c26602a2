-- Rows find their events by number. New tables have no statistics yet: without these settings, which hold
-- for the transaction, each batch would read all events.
SELECT set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true)
