-- An external id belongs to its requester: two ministries may both number from 1.
CREATE TABLE lines_by_requester (
    id        INTEGER PRIMARY KEY,
    requester TEXT    NOT NULL,
    external  TEXT    NOT NULL,
    alike     TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    event     INTEGER NOT NULL,
    UNIQUE (external, requester)
) STRICT;

INSERT INTO lines_by_requester (id, requester, external, alike, version, event)
SELECT lines.id, json_extract(events.body, '$.requester'), lines.external, lines.alike,
    lines.version, lines.event
FROM lines JOIN events ON events.position = lines.event;

DROP TABLE lines;
ALTER TABLE lines_by_requester RENAME TO lines;
CREATE INDEX lines_alike ON lines (alike);
