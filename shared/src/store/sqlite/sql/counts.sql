-- Positions have no gaps: the last one is how many events there are.
SELECT (SELECT coalesce(max(position), 0) FROM events), (SELECT count(*) FROM chain),
    (SELECT count(*) FROM lines), (SELECT count(*) FROM lots), (SELECT count(*) FROM records),
    (SELECT count(*) FROM envelopes), (SELECT count(*) FROM jobs), (SELECT count(*) FROM old_documents),
    (SELECT count(*) FROM notes)
