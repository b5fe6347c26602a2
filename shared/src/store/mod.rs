//! The store: the authoritative state of every lot, line, record and job.
//!
//! There is one way to write: [`ChangeSet`]s, each a set of changes that belong together. A change set is guarded by
//! the versions that it is based on. If one of these has changed, the change set is dropped as stale, and the others
//! commit. Reads are named after their meaning. No SQL type leaves this module.

pub mod body;
mod cause;
pub mod chain;
mod change_set;
mod condition;
mod contract;
mod decide;
mod hint;
mod migrations;
pub mod postgres;
pub mod reference;
pub mod row;
pub mod sqlite;
mod stored;
pub(crate) mod tally;

pub use cause::{Cause, Hindrance};
pub use change_set::{
    ChangeSet, EnvelopeChange, JobChange, LineChange, LotChange, NewJob, NoteChange, RecordChange,
};
pub use condition::{Backlog, Condition, Leader, Slot, Transaction};
pub use contract::{Beside, Cluster, Log, Queues, Reads, Store, Term, Whole};
pub use hint::{Hint, Lane, Wanted, queues};
pub use migrations::Migration;

use std::sync::Arc;

use serde::Deserialize;
use sqlx::migrate::MigrateError;

use crate::domain::ids::{LineId, LotId};
use crate::domain::lot::{Lot, Priority, Timestamp};
use crate::domain::requisition::Line;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Stored durably.
    Committed,
    /// Somebody else has changed the subject since it was read: decide again.
    Stale { subject: String },
    /// It would break a rule of the ledgers. Nothing of it was stored.
    Refused {
        /// Starts with the number of the invariant.
        rule: String,
    },
}

/// A batch that a worker has claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease(pub i64);

/// A job that a worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub id: i64,
    /// The name of the kind, which is also its queue.
    pub kind: String,
    /// Unique within the kind while the job exists.
    pub key: String,
    pub due: Timestamp,
    /// Number of this attempt, starting at 1.
    pub attempt: u32,
    /// Raised by each change.
    pub version: i64,
    /// Raised by each claim on Postgres; 0 on SQLite, where only one process claims.
    pub lease: i64,
    /// The job handler's parameters, as JSON.
    pub body: String,
}

impl Job {
    /// The job's outcome: it runs again at this time, as this attempt. `None` ends it.
    #[must_use]
    pub fn becomes(&self, again: Option<(Timestamp, u32)>) -> JobChange {
        JobChange { id: self.id, expected: self.version, lease: self.lease, again }
    }
}

/// A document in the table that an older version used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldDocument {
    pub sender: String,
    /// The number that the sender gave it.
    pub number: String,
    /// When it was accepted.
    pub at: Timestamp,
    /// Its content as JSON.
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Unique within the kind; chosen by the author.
    pub id: String,
    /// The number of events of the record.
    pub version: i64,
    /// Its content as JSON.
    pub body: String,
}

/// An envelope's columns in the money ledger, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeRow {
    /// The contribution's id.
    pub id: String,
    pub currency: String,
    /// The number of the envelope's own events: changes of the ceiling, of the open part and of the lapsed part.
    pub version: i64,
    /// The ceiling.
    pub committed: i64,
    /// The part of the ceiling that is usable.
    pub opened: i64,
    /// Set aside for lots.
    pub allocated: i64,
    /// Bound by orders.
    pub obligated: i64,
    pub disbursed: i64,
    /// Lapsed.
    pub expired: i64,
    /// By how much facts from outside exceed the open part.
    pub overrun: i64,
}

impl EnvelopeRow {
    /// The body of the envelope's event. It has only what its own events change; the rest is the sum of lots' shares.
    #[must_use]
    pub fn body(&self) -> String {
        let Self { committed, opened, expired, currency, .. } = self;
        serde_json::json!({
            "currency": currency, "committed": committed, "opened": opened, "expired": expired,
        })
        .to_string()
    }

    /// The amount that is set aside, bound, paid or lapsed.
    #[must_use]
    pub fn used(&self) -> i64 {
        self.allocated + self.obligated + self.disbursed + self.expired
    }

    /// The amount that can still be set aside.
    #[must_use]
    pub fn available(&self) -> i64 {
        (self.opened - self.used()).max(0)
    }

    /// I2: allocated + obligated + disbursed + expired <= opened <= committed, and none is negative. The recorded
    /// overrun is allowed on top.
    #[must_use]
    pub fn holds(&self) -> bool {
        let parts = [self.allocated, self.obligated, self.disbursed, self.expired, self.overrun];
        parts.iter().all(|part| *part >= 0)
            && self.used() <= self.opened + self.overrun
            && self.opened <= self.committed
    }
}

/// The result of a claim: the lots that were still as hinted.
#[derive(Debug)]
pub struct Claim {
    /// Release it with the last commit of the batch.
    pub lease: Lease,
    /// Sorted by id.
    pub lots: Vec<Lot>,
}

#[derive(Debug, Clone)]
pub struct StoredLine {
    /// The number of events of the line.
    pub version: i64,
    pub line: Line,
    /// What the requester last stated; `None` if that equals `line`.
    stated: Option<Box<Line>>,
}

/// The part of a body besides the line.
#[derive(Deserialize)]
struct Statement {
    stated: Box<Line>,
}

impl StoredLine {
    pub(crate) fn parse(id: LineId, version: i64, body: &str) -> Result<Self, StoreError> {
        let line = stored::parse(body, || id.to_string())?;
        // Few bodies contain a statement, so the others are not parsed twice.
        let has_more = body.contains(concat!("\"", "stated", "\":{"));
        let statement = has_more.then(|| stored::parse::<Statement>(body, || id.to_string()));
        let stated = statement.transpose()?.map(|statement| statement.stated);
        Ok(Self { version, line, stated })
    }

    /// What the requester last stated, by file or through the API.
    #[must_use]
    pub fn stated(&self) -> &Line {
        self.stated.as_deref().unwrap_or(&self.line)
    }

    /// Whether commands have changed the line since the requester last stated it.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.stated.is_some()
    }

    /// The body of the line's last event.
    pub(crate) fn body(&self) -> Result<String, serde_json::Error> {
        change_set::line_body(&self.line, self.stated.as_deref())
    }
}

/// The columns of a lot's row that repeat its body, for searching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotIndex {
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) step: Option<String>,
    pub(crate) awaits: Option<String>,
    pub(crate) class: i64,
    pub(crate) rank: i64,
}

impl LotIndex {
    pub(crate) fn of(lot: &Lot) -> Self {
        let awaits = lot.state().awaits().map(|awaits| awaits.name().to_owned());
        Self {
            version: lot.version,
            state: lot.state().name().to_owned(),
            step: lot.state().step().map(ToString::to_string),
            awaits,
            class: i64::from(lot.priority.class),
            rank: i64::from(lot.priority.rank),
        }
    }
}

/// Number of lots in a state.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LotCount {
    /// Name of the state.
    pub state: String,
    /// The step of these lots; null once they have ended.
    pub step: Option<String>,
    /// What the lots wait for; null if they do not wait.
    pub awaits: Option<String>,
    /// Number of lots.
    pub lots: i64,
    /// Since when the first of these lots has been in this state, to the hour. Absent for lots that have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub oldest: Option<Timestamp>,
}

/// Orders of lots other than by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LotOrder {
    /// Newest first, before this lot if given.
    Newest(Option<LotId>),
    /// By class, rank and id, after this place if given.
    Ranked(Option<(Priority, LotId)>),
}

#[derive(Debug, Clone, Default)]
pub struct LotFilter {
    pub state: Option<String>,
    pub step: Option<String>,
    pub awaits: Option<String>,
    pub class: Option<u8>,
    /// Only lots with a higher id.
    pub after: Option<LotId>,
    /// The maximum number of lots.
    pub limit: i64,
}

impl LotFilter {
    /// What the lots must wait for, if the filter asks for nothing else except their class.
    fn waiting(&self) -> Option<&str> {
        let is_waiting = self.state.as_deref().is_none_or(|state| state == "waiting");
        self.awaits.as_deref().filter(|_| self.step.is_none() && is_waiting)
    }

    /// Whether the filter asks for parked lots.
    fn is_parked(&self) -> bool {
        self.awaits.is_none() && self.state.as_deref() == Some("parked")
    }
}

/// Which notes of a kind to read. Keys are compared bytewise.
#[derive(Debug, Clone)]
pub struct NoteRange {
    /// Exclusive.
    pub after: String,
    /// Exclusive.
    pub before: String,
    /// Whether to start from the end.
    pub backwards: bool,
    /// The maximum number of notes.
    pub limit: i64,
}

impl NoteRange {
    /// All keys that begin with `prefix` and a `/`, in ascending order.
    #[must_use]
    pub fn under(prefix: &str, limit: i64) -> Self {
        // `0` is the character after `/`.
        let (after, before) = (format!("{prefix}/"), format!("{prefix}0"));
        Self { after, before, backwards: false, limit }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement failed.
    #[error("could not {operation}")]
    Database {
        operation: &'static str,
        #[source]
        source: sqlx::Error,
    },
    /// The file could not be opened, or is not a database.
    #[error("{path} could not be opened as a database")]
    Open {
        path: String,
        #[source]
        source: sqlx::Error,
    },
    /// A newer version of Waybill wrote the database.
    #[error(
        "{path} was written by a newer version of Waybill; use that version or restore a backup"
    )]
    Newer {
        path: String,
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// A migration was begun but not finished.
    #[error("migration {version} of {path} was started but not finished")]
    HalfMade { path: String, version: i64 },
    /// The migration with this number in the database is not the one in this program.
    #[error("migration {version} of {path} was applied by another program, or has changed since")]
    MadeOtherwise { path: String, version: i64 },
    /// An older version of Waybill made the database, or it is not a Waybill database.
    #[error("{path} needs {pending} migrations: run `waybill migrate`")]
    Older {
        path: String,
        /// The number of migrations that have not been applied.
        pending: usize,
    },
    /// Another process is using the database.
    #[error("{holder} is already using {path}")]
    Busy { path: String, holder: String },
    /// A connection pooler in transaction mode stands in front of the database and shares sessions between clients.
    #[error("the connection pooler in front of {path} does not keep sessions (transaction mode)")]
    Pooled { path: String },
    /// A database was here and is gone. No new one is created in its place automatically.
    #[error("{path} does not exist any more, although {left} shows that it did")]
    Gone {
        path: String,
        /// The file that shows that there was a database.
        left: String,
    },
    /// The file is no longer the one that was opened, so nobody would find what is written.
    #[error("{path} was moved, deleted or replaced while it was in use")]
    Moved { path: String },
    /// A row or body does not have the expected form.
    #[error("{subject} cannot be read back: run `waybill check`")]
    Corrupt {
        subject: String,
        #[source]
        source: serde_json::Error,
    },
    /// The body of this event has been moved to an archive.
    #[error("the old state of {subject} is in archive {number}")]
    Archived {
        subject: String,
        /// The archive's number.
        number: u32,
    },
    /// The writer has stopped, as it does at shutdown.
    #[error("the store is closed")]
    Closed,
    /// A lot belongs to a version of the pipeline that this process has not read yet.
    #[error(transparent)]
    UnknownVersion(#[from] crate::domain::transition::UnknownVersion),
    /// This process does not trust its clock, so it writes nothing.
    #[error("no work is done: {0}")]
    Clock(#[from] crate::clock::Doubt),
    /// What is confidential could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] crate::sealing::SealError),
}

impl StoreError {
    /// Whether the error passes by itself once the database is well again: the database is away, starting, full,
    /// read-only or too busy, or refuses this user for now. Any other error would occur again.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Database { source, .. } | Self::Open { source, .. } => is_passing(source),
            Self::UnknownVersion(_) | Self::Clock(_) => true,
            _ => false,
        }
    }
}

fn is_passing(error: &sqlx::Error) -> bool {
    if let Some(shared) = shared(error) {
        return is_passing(shared);
    }
    // A server that closes the connection before its first byte: the reply to the TLS request is then read as 0.
    if let sqlx::Error::Protocol(text) = error {
        return text.contains("response from SSLRequest: 0x00");
    }
    let Some(error) = error.as_database_error() else {
        return matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
        );
    };
    let code = error.code().unwrap_or_default();
    // If a pooler rejects a startup parameter, it always will. It uses the same code for passing errors, such as a
    // server that it cannot reach.
    if code == "08P01" && error.message().contains("startup parameter") {
        return false;
    }
    // SQLSTATE: connection, read-only, user and password, database, rollback, right, resources, a lock that was not
    // obtained, intervention, system. A statement that was cancelled because it took too long would take as long again.
    let postgres = [
        "08", "25006", "28", "3D000", "40", "42501", "530", "531", "532", "533", "55P03", "57P",
        "58",
    ];
    // SQLite's primary result codes: busy, locked, read-only, input or output, full, cannot open.
    let sqlite = [5, 6, 8, 10, 13, 14];
    match code.parse::<i32>() {
        Ok(number) if code.len() != 5 => sqlite.contains(&(number & 0xff)),
        _ => postgres.iter().any(|class| code.starts_with(class)),
    }
}

impl StoreError {
    /// Whether the database refuses writes because it is a standby or was set to read-only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        let Self::Database { source, .. } = self else { return false };
        let source = shared(source).unwrap_or(source);
        let code = source.as_database_error().and_then(|error| Some(error.code()?.into_owned()));
        code.is_some_and(|code| code == "25006")
    }

    /// Whether the disk was full, or a file could not grow.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Database { source, .. } | Self::Open { source, .. } => is_disk_full(source),
            Self::Newer { .. }
            | Self::Older { .. }
            | Self::Busy { .. }
            | Self::Gone { .. }
            | Self::Pooled { .. }
            | Self::HalfMade { .. }
            | Self::MadeOtherwise { .. }
            | Self::Moved { .. }
            | Self::Archived { .. }
            | Self::Corrupt { .. }
            | Self::UnknownVersion(_)
            | Self::Clock(_)
            | Self::Seal(_)
            | Self::Closed => false,
        }
    }
}

/// The error behind this one: the cause shared by a group that did not commit, or the cause of a failed migration.
fn shared(error: &sqlx::Error) -> Option<&sqlx::Error> {
    if let sqlx::Error::Migrate(migration) = error
        && let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) =
            &**migration
    {
        return Some(error);
    }
    let sqlx::Error::Io(error) = error else { return None };
    let shared = error.get_ref()?.downcast_ref::<Arc<sqlx::Error>>()?;
    Some(shared)
}

fn is_disk_full(error: &sqlx::Error) -> bool {
    /// SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_SHMSIZE.
    const CODES: [&str; 3] = ["13", "778", "4874"];
    if let sqlx::Error::Io(_) = error {
        return shared(error).is_some_and(is_disk_full);
    }
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| CODES.contains(&code.as_ref()))
}
