UPDATE leadership SET until = clock_timestamp() + $2
WHERE term = $3 AND holder = $1 AND until > clock_timestamp()
RETURNING term
