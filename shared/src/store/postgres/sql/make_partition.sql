SELECT make_events_partition((now() AT TIME ZONE 'UTC' + make_interval(months => $1))::date)
