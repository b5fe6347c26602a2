//! The state of a database, for operators.

use std::time::Duration;

use crate::domain::lot::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `SQLite` or `Postgres`.
    pub kind: &'static str,
    /// File path or URL, without a password.
    pub place: String,
    /// In bytes.
    pub size: i64,
    /// Size of the write-ahead log in bytes; `None` on Postgres.
    pub wal: Option<i64>,
    /// How many migrations have been applied.
    pub migrations: i64,
    /// How many migrations this program knows.
    pub known_migrations: i64,
    /// The database's own clock; `None` on SQLite, which uses this machine's.
    pub now: Option<Timestamp>,
    /// The current leader, or the last one; `None` on SQLite, where the only process leads.
    pub leader: Option<Leader>,
    /// How many events have no position yet.
    pub unpositioned: i64,
    /// When the oldest event without a position was written.
    pub unpositioned_since: Option<Timestamp>,
    /// Events outside any monthly partition, because the partition was not created in time.
    pub strays: i64,
    /// Whether the database refuses writes, because it is a standby or was set to read-only.
    pub is_read_only: bool,
    /// Names of the monthly tables that somebody has detached from the log; empty if there are none.
    pub detached: String,
    /// The oldest transaction that has been open for more than five minutes.
    pub oldest: Option<Transaction>,
    /// The replication slot that retains the most write-ahead log.
    pub slot: Option<Slot>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The server process that has it open; for a prepared transaction, its name.
    pub holder: String,
    /// The statement that ends it.
    pub end: String,
    pub database: String,
    /// How long it has been open.
    pub seconds: i64,
}

/// A replication slot: it retains the write-ahead log for a standby or another reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub name: String,
    /// Whether a reader is connected to it now.
    pub is_used: bool,
    /// How much write-ahead log it retains, in bytes.
    pub kept: i64,
}

/// The process that leads the schedulers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// `host:process id:start in microseconds since 1970`; empty if there has never been a leader.
    pub holder: String,
    pub term: i64,
    /// When the term was last renewed, by the database's clock.
    pub renewed: Timestamp,
    /// Whether the term has not expired yet.
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
