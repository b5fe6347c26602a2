WITH RECURSIVE picks (k, id) AS (
    SELECT 0, 1 + (?1 * 7919) % ?3
    UNION ALL
    SELECT k + 1, 1 + ((?1 + k + 1) * 7919) % ?3 FROM picks WHERE k + 1 < ?2
)
UPDATE raw SET n = n + 1 WHERE id IN (SELECT id FROM picks)
