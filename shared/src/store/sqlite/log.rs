//! Appends events with their positions, and adds a link to the hash chain for each commit.

use sha2::Sha256;
use sqlx::Arguments;

use super::script::Script;
use crate::store::ChangeSet;
use crate::store::chain::{digest, hex, link};

pub(super) struct Entry {
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) subject: String,
    pub(super) number: i64,
    pub(super) kind: &'static str,
    /// The position of the subject's previous event; 0 for its first event.
    pub(super) previous: i64,
    pub(super) body: String,
}

impl Entry {
    /// Event `number` of `subject`, with actor and time of `change_set`.
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

/// The end of the log: the last position, and the hash of the link under construction.
#[derive(Clone)]
pub(super) struct Tail {
    pub(super) position: i64,
    pub(super) hash: Sha256,
}

/// The log's end and the events that are not yet written.
pub(super) struct Log {
    tail: Tail,
    entries: Vec<(i64, Entry)>,
}

impl Log {
    pub(super) fn new(position: i64, last_link: &str) -> Self {
        Self { tail: Tail { position, hash: link(last_link) }, entries: Vec::new() }
    }

    /// A mark to which [`Log::rewind`] returns if the savepoint is rolled back.
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

    /// Adds an event, and returns its position.
    pub(super) fn append(&mut self, entry: Entry) -> i64 {
        self.tail.position += 1;
        let position = self.tail.position;
        let Entry { at, number, actor, subject, kind, body, .. } = &entry;
        digest(&mut self.tail.hash, (position, *at, *number), (actor, subject, kind, body));
        self.entries.push((position, entry));
        position
    }

    /// Writes the events that were added since the last write.
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

    /// Finishes the link of this commit, if the commit added events.
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
