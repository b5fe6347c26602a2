WITH lots AS (UPDATE leases SET until = clock_timestamp() + $2 WHERE holder = $1)
UPDATE jobs SET held = clock_timestamp() + $2 WHERE id = ANY ($3) AND holder = $1
