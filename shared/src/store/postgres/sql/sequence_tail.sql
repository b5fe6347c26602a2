-- Where the chain ends: position, hash, what is settled, and positioned events beyond that.
SELECT position, hash, settled, coalesce((
    SELECT array_agg(entry.id) FROM chain AS later, unnest(later.events) AS entry (id)
    WHERE later.newest > chain.settled AND entry.id > chain.settled
), '{}')
FROM chain ORDER BY position DESC LIMIT 1
