-- Events that do not follow the one before of their subject.
SELECT event.position, event.subject
FROM events AS event LEFT JOIN events AS before ON before.position = event.previous
WHERE CASE event.number
    WHEN 1 THEN event.previous <> 0
    ELSE before.subject IS NOT event.subject OR before.number IS NOT event.number - 1
END
ORDER BY event.position
