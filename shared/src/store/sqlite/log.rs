//! Appends events with their positions and links each commit into the hash chain.

use sha2::Sha256;
use sqlx::Arguments;

use super::script::Script;
use crate::store::ChangeSet;
use crate::store::chain::{digest, hex, link};

/// An event about to be written.
pub(super) struct Entry {
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) subject: String,
    pub(super) number: i64,
    pub(super) kind: &'static str,
    /// The position of the subject's event before; 0: it is the first.
    pub(super) previous: i64,
    pub(super) body: String,
}

impl Entry {
    /// What `change set` tells of `subject`, whose event `number` it is.
    pub(super) fn of(
        change_set: &ChangeSet,
        subject: String,
        number: i64,
        kind: &'static str,
        body: String,
    ) -> Self {
        let (at, actor) = (change_set.at.timestamp_millis(), change_set.actor.clone());
        Self { at, actor, subject, number, kind, previous: 0, body }
    }
}

/// The tail of the log: the last position and link, and what the open transaction adds.
#[derive(Clone)]
pub(super) struct Tail {
    pub(super) position: i64,
    pub(super) hash: Sha256,
}

/// The log as the writer holds it.
pub(super) struct Log {
    tail: Tail,
    entries: Vec<(i64, Entry)>,
}

impl Log {
    pub(super) fn new(position: i64, last_link: &str) -> Self {
        Self { tail: Tail { position, hash: link(last_link) }, entries: Vec::new() }
    }

    /// The tail, to come back to if the open savepoint is rolled back.
    pub(super) fn mark(&self) -> Tail {
        self.tail.clone()
    }

    /// Forgets what was added since `mark`.
    pub(super) fn rewind(&mut self, mark: Tail) {
        self.tail = mark;
        self.entries.clear();
    }

    pub(super) fn position(&self) -> i64 {
        self.tail.position
    }

    /// Adds an event; returns its position.
    pub(super) fn append(&mut self, entry: Entry) -> i64 {
        self.tail.position += 1;
        let position = self.tail.position;
        let Entry { at, number, actor, subject, kind, body, .. } = &entry;
        digest(&mut self.tail.hash, (position, *at, *number), (actor, subject, kind, body));
        self.entries.push((position, entry));
        position
    }

    /// Writes what was pushed since the last write.
    pub(super) async fn write(&mut self, script: &mut Script<'_>) -> Result<(), sqlx::Error> {
        let entries = std::mem::take(&mut self.entries);
        let sql = include_str!("sql/insert_event.sql");
        let written = script.rows(sql, &entries, |(position, entry), args| {
            args.add(*position)?;
            args.add(entry.at)?;
            args.add(entry.actor.clone())?;
            args.add(entry.subject.clone())?;
            args.add(entry.number)?;
            args.add(entry.kind)?;
            args.add(entry.previous)?;
            args.add(entry.body.clone())
        });
        written.await
    }

    /// Closes the link of this commit, if it added events.
    pub(super) async fn seal(
        &mut self,
        script: &mut Script<'_>,
        since: i64,
    ) -> Result<(), sqlx::Error> {
        if self.tail.position == since {
            return Ok(());
        }
        let hash = hex(self.tail.hash.clone());
        let sealed = script.then(include_str!("sql/insert_link.sql"), |args| {
            args.add(self.tail.position)?;
            args.add(hash.clone())
        });
        sealed.await?;
        self.tail.hash = link(&hash);
        Ok(())
    }
}
