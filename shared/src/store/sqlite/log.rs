//! Appends events with their positions and links each commit into the hash chain.

use sha2::Sha256;
use sqlx::{Arguments, SqliteConnection};

use super::bulk;
use crate::domain::lot::Timestamp;
use crate::store::Unit;
use crate::store::chain::{digest, hex, link};

/// An event about to be written.
pub(super) struct Entry {
    position: i64,
    at: i64,
    actor: String,
    subject: String,
    number: i64,
    kind: &'static str,
    body: String,
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
    entries: Vec<Entry>,
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

    pub(super) fn push(
        &mut self,
        unit: &Unit,
        subject: String,
        number: i64,
        kind: &'static str,
        body: String,
    ) {
        self.append(&unit.actor, unit.at, subject, number, kind, body);
    }

    pub(super) fn append(
        &mut self,
        actor: &str,
        at: Timestamp,
        subject: String,
        number: i64,
        kind: &'static str,
        body: String,
    ) {
        self.tail.position += 1;
        let (position, at) = (self.tail.position, at.timestamp_millis());
        digest(&mut self.tail.hash, (position, at, number), (actor, &subject, kind, &body));
        let actor = actor.to_owned();
        self.entries.push(Entry { position, at, actor, subject, number, kind, body });
    }

    /// Writes what was pushed since the last write.
    pub(super) async fn write(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let entries = std::mem::take(&mut self.entries);
        bulk::execute(connection, include_str!("sql/insert_event.sql"), &entries, |e, args| {
            args.add(e.position)?;
            args.add(e.at)?;
            args.add(e.actor.clone())?;
            args.add(e.subject.clone())?;
            args.add(e.number)?;
            args.add(e.kind)?;
            args.add(e.body.clone())
        })
        .await
    }

    /// Closes the link of this commit, if it added events.
    pub(super) async fn seal(
        &mut self,
        connection: &mut SqliteConnection,
        since: i64,
    ) -> Result<(), sqlx::Error> {
        if self.tail.position == since {
            return Ok(());
        }
        let hash = hex(self.tail.hash.clone());
        sqlx::query(include_str!("sql/insert_link.sql"))
            .bind(self.tail.position)
            .bind(&hash)
            .execute(connection)
            .await?;
        self.tail.hash = link(&hash);
        Ok(())
    }
}
