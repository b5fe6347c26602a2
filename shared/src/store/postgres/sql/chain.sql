SELECT position, hash FROM chain ORDER BY position
