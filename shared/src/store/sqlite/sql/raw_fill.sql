WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < ?1)
INSERT INTO raw (id, n, body) SELECT id, 0, printf('%0100d', id) FROM ids
