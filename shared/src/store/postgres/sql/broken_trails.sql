-- Events that do not follow the one before of their subject.
SELECT event.id, event.subject
FROM events AS event LEFT JOIN events AS before ON before.id = event.previous
WHERE CASE event.number
    WHEN 1 THEN event.previous <> 0
    ELSE before.subject IS DISTINCT FROM event.subject
        OR before.number IS DISTINCT FROM event.number - 1
END
ORDER BY event.id
