SELECT id, lots, versions FROM leases WHERE until < clock_timestamp() ORDER BY id LIMIT 1000
