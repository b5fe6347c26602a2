SELECT position, hash FROM chain WHERE position > $1 AND position <= $2 ORDER BY position
