//! How a database is, for whoever looks after it.

use std::time::Duration;

use crate::domain::lot::Timestamp;

/// How a store's database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What it is: `SQLite` or `Postgres`.
    pub kind: &'static str,
    /// Where it is, without a password.
    pub place: String,
    /// Its size, in bytes.
    pub size: i64,
    /// The size of its write-ahead log, in bytes, where that is a file beside it.
    pub wal: Option<i64>,
    /// Migrations that it has.
    pub migrations: i64,
    /// Migrations that this program knows.
    pub known_migrations: i64,
    /// Its own clock, where it has one.
    pub now: Option<Timestamp>,
    /// Who leads, or led last; none: one process has the database, and leads.
    pub leader: Option<Leader>,
    /// Events that have no position yet.
    pub unpositioned: i64,
    /// Since when the oldest of them has none.
    pub unpositioned_since: Option<Timestamp>,
    /// Events that stand in no month, because theirs was not made in time.
    pub strays: i64,
    /// Whether it takes no writes: it is a standby, or was set so.
    pub is_read_only: bool,
    /// Months that somebody has taken out of the log, by the names of their tables; empty: none.
    pub detached: String,
    /// A transaction that has been open for more than five minutes, the oldest.
    pub oldest: Option<Transaction>,
    /// The replication slot that keeps most of the write-ahead log.
    pub slot: Option<Slot>,
}

/// A transaction of somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Who has it open: a process of the server, or nobody any more, where it was prepared.
    pub holder: String,
    /// The statement that ends it.
    pub end: String,
    /// In which database.
    pub database: String,
    /// Since how many seconds it is open.
    pub seconds: i64,
}

/// What keeps the write-ahead log for a standby or another reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Whether somebody reads by it now.
    pub is_used: bool,
    /// How much of the log it keeps, in bytes.
    pub kept: i64,
}

/// Who leads the schedulers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// The process, as `host:process id:start in microseconds since 1970`; empty: nobody ever led.
    pub holder: String,
    /// Its term.
    pub term: i64,
    /// When it was renewed last, by the database's clock.
    pub renewed: Timestamp,
    /// Whether it still holds.
    pub is_live: bool,
}

/// What is due in one lane of a queue and not under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// The step's name or the job's kind.
    pub queue: String,
    /// The lane's name.
    pub lane: &'static str,
    /// How many.
    pub depth: i64,
    /// For how long the oldest has been due.
    pub oldest: Duration,
}
