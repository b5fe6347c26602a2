SELECT (SELECT coalesce(max(position), 0) FROM chain), (SELECT count(*) FROM chain),
    (SELECT count(*) FROM lines), (SELECT count(*) FROM lots), (SELECT count(*) FROM records),
    (SELECT count(*) FROM envelopes), (SELECT count(*) FROM jobs), (SELECT count(*) FROM old_documents),
    (SELECT count(*) FROM notes)
