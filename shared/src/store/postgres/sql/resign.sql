UPDATE leadership SET until = '-infinity' WHERE term = $1
