SELECT make_events_partition((now() AT TIME ZONE 'UTC' + make_interval(months => months))::date)
FROM generate_series(0, 3) AS months
