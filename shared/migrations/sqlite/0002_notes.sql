-- What is kept beside the log, changed in place and without an event: cursors of webhooks, what they
-- still have to deliver, their secrets, answers given under an idempotency key, when tokens were used.
CREATE TABLE notes (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
