SELECT make_events_partition(to_date($1, 'YYYY-MM-DD'))
