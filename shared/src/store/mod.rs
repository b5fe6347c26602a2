//! The store: the truth about every lot, line, record and job.
//!
//! There is one way to write: [`ChangeSet`]s, each a set of changes that belong together, guarded by
//! the versions they were decided on. A change set whose guard is stale drops out, the others commit.
//! Reads are named for what they mean. No SQL type crosses this border.

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

/// What happened to a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Stored, durably.
    Committed,
    /// Somebody else changed the subject since: decide again.
    Stale {
        /// The subject.
        subject: String,
    },
    /// It would break a rule of the ledgers; nothing of it was stored.
    Refused {
        /// Which rule.
        rule: String,
    },
}

/// A batch under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease(pub i64);

/// A job taken from the table of jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// Its kind, which is its queue.
    pub kind: String,
    /// Unique within its kind while it is there.
    pub key: String,
    /// When it was due.
    pub due: Timestamp,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Raised by each change.
    pub version: i64,
    /// Raised by each claim, where several processes claim.
    pub lease: i64,
    /// What the kind needs to know, as JSON.
    pub body: String,
}

impl Job {
    /// The job as it was taken ends, or runs again then, as this attempt.
    #[must_use]
    pub fn becomes(&self, again: Option<(Timestamp, u32)>) -> JobChange {
        JobChange { id: self.id, expected: self.version, lease: self.lease, again }
    }
}

/// A document that an older version took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldDocument {
    /// Who sent it.
    pub sender: String,
    /// The sender's number for it.
    pub number: String,
    /// When it was taken.
    pub at: Timestamp,
    /// Its content as JSON.
    pub body: String,
}

/// A row of the table of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The id its author gave it.
    pub id: String,
    /// Its number of events.
    pub version: i64,
    /// Its content as JSON.
    pub body: String,
}

/// An envelope's side of the money ledger, in minor change sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeRow {
    /// The contribution's id.
    pub id: String,
    /// The currency's code.
    pub currency: String,
    /// Its number of events: changes of the ceiling, of what is open and of what has lapsed.
    pub version: i64,
    /// The ceiling.
    pub committed: i64,
    /// The part that is open.
    pub opened: i64,
    /// Set aside for lots.
    pub allocated: i64,
    /// Bound by orders.
    pub obligated: i64,
    /// Paid.
    pub disbursed: i64,
    /// No longer available.
    pub expired: i64,
    /// By how much outside facts exceed what is open.
    pub overrun: i64,
}

impl EnvelopeRow {
    /// What its events tell; the rest is the sum of the lots' shares.
    #[must_use]
    pub fn body(&self) -> String {
        let Self { committed, opened, expired, currency, .. } = self;
        serde_json::json!({
            "currency": currency, "committed": committed, "opened": opened, "expired": expired,
        })
        .to_string()
    }

    /// What is set aside, bound, paid or lapsed.
    #[must_use]
    pub fn used(&self) -> i64 {
        self.allocated + self.obligated + self.disbursed + self.expired
    }

    /// What can still be set aside.
    #[must_use]
    pub fn available(&self) -> i64 {
        (self.opened - self.used()).max(0)
    }

    /// I2: allocated + obligated + disbursed + expired <= opened <= committed, none negative, but
    /// for what outside facts exceed it by.
    #[must_use]
    pub fn holds(&self) -> bool {
        let parts = [self.allocated, self.obligated, self.disbursed, self.expired, self.overrun];
        parts.iter().all(|part| *part >= 0)
            && self.used() <= self.opened + self.overrun
            && self.opened <= self.committed
    }
}

/// What a claim gives: the lots that were still as hinted.
#[derive(Debug)]
pub struct Claim {
    /// To be released with the last commit of the batch.
    pub lease: Lease,
    /// The lots, by id.
    pub lots: Vec<Lot>,
}

/// A line as stored.
#[derive(Debug, Clone)]
pub struct StoredLine {
    /// Its number of events.
    pub version: i64,
    /// Its content.
    pub line: Line,
    /// What its requester last stated, where commands have changed the line since then.
    stated: Option<Box<Line>>,
}

/// What a body holds beside the line.
#[derive(Deserialize)]
struct Statement {
    stated: Box<Line>,
}

impl StoredLine {
    /// The line `id` at `version`, as its body says.
    pub(crate) fn parse(id: LineId, version: i64, body: &str) -> Result<Self, StoreError> {
        let line = stored::parse(body, || id.to_string())?;
        // Few lines have one: the others are not read twice.
        let has_more = body.contains(concat!("\"", "stated", "\":{"));
        let statement = has_more.then(|| stored::parse::<Statement>(body, || id.to_string()));
        let stated = statement.transpose()?.map(|statement| statement.stated);
        Ok(Self { version, line, stated })
    }

    /// What its requester last stated: by a file, or through the API.
    #[must_use]
    pub fn stated(&self) -> &Line {
        self.stated.as_deref().unwrap_or(&self.line)
    }

    /// Whether commands have changed it since its requester last stated it.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.stated.is_some()
    }

    /// Its body, as its last event has it.
    pub(crate) fn body(&self) -> Result<String, serde_json::Error> {
        change_set::line_body(&self.line, self.stated.as_deref())
    }
}

/// What a lot's row repeats of its body, to be found by.
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

/// Counts of lots by where they are.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LotCount {
    /// The state's name.
    pub state: String,
    /// The step, while open.
    pub step: Option<String>,
    /// Whose move it is, while waiting.
    pub awaits: Option<String>,
    /// How many.
    pub lots: i64,
    /// Since when the first of them is there, to the hour; not told of those that have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub oldest: Option<Timestamp>,
}

/// In which order lots are listed, other than that of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LotOrder {
    /// The newest first, those before this one.
    Newest(Option<LotId>),
    /// By class, rank and id, those after this place.
    Ranked(Option<(Priority, LotId)>),
}

/// Which lots to list.
#[derive(Debug, Clone, Default)]
pub struct LotFilter {
    /// Only in this state.
    pub state: Option<String>,
    /// Only at this step.
    pub step: Option<String>,
    /// Only waiting for this.
    pub awaits: Option<String>,
    /// Only of this class.
    pub class: Option<u8>,
    /// Only after this one, in order of ids.
    pub after: Option<LotId>,
    /// At most this many.
    pub limit: i64,
}

impl LotFilter {
    /// What its lots wait for, if that and their class is all that is asked of them.
    fn waiting(&self) -> Option<&str> {
        let is_waiting = self.state.as_deref().is_none_or(|state| state == "waiting");
        self.awaits.as_deref().filter(|_| self.step.is_none() && is_waiting)
    }

    /// Whether they are parked.
    fn is_parked(&self) -> bool {
        self.awaits.is_none() && self.state.as_deref() == Some("parked")
    }
}

/// Which notes of a kind to read, in the order of their keys (of their bytes).
#[derive(Debug, Clone)]
pub struct NoteRange {
    /// Only after this key.
    pub after: String,
    /// Only before this key.
    pub before: String,
    /// The last ones first.
    pub backwards: bool,
    /// At most this many.
    pub limit: i64,
}

impl NoteRange {
    /// All keys that begin with `prefix` and a `/`, from the first.
    #[must_use]
    pub fn under(prefix: &str, limit: i64) -> Self {
        // `0` is the character after `/`.
        let (after, before) = (format!("{prefix}/"), format!("{prefix}0"));
        Self { after, before, backwards: false, limit }
    }
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do what was asked.
    #[error("could not {operation}")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        #[source]
        source: sqlx::Error,
    },
    /// The file could not be opened, or is no database.
    #[error("{path} could not be opened as a database")]
    Open {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
    /// The database was made by a newer Waybill.
    #[error(
        "{path} was written by a newer version of Waybill; use that version or restore a backup"
    )]
    Newer {
        /// The database.
        path: String,
        /// What the migrator said.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// A migration was noted as begun and never as done.
    #[error("migration {version} of {path} was begun and not finished")]
    HalfMade {
        /// The database.
        path: String,
        /// The migration's number.
        version: i64,
    },
    /// A migration is not the one that this program knows by its number.
    #[error("migration {version} of {path} was made by another program, or was changed since")]
    MadeOtherwise {
        /// The database.
        path: String,
        /// The migration's number.
        version: i64,
    },
    /// The database was made by an older Waybill, or is none.
    #[error("{path} is not as this version of Waybill needs it: {pending} changes are to be made")]
    Older {
        /// The database.
        path: String,
        /// How many migrations have not been applied.
        pending: usize,
    },
    /// Somebody is at the database.
    #[error("{holder} is at work on {path}")]
    Busy {
        /// The database.
        path: String,
        /// Who.
        holder: String,
    },
    /// A pooler gives the sessions of the database to others in between.
    #[error("a pooler stands before {path} that keeps no sessions (transaction mode)")]
    Pooled {
        /// The database.
        path: String,
    },
    /// A database was there, and is not any more: nothing new takes its place by itself.
    #[error("{path} is not there, and {left} says that it was")]
    Gone {
        /// The database.
        path: String,
        /// What says so.
        left: String,
    },
    /// The file is not any more the one that was opened: nobody would find what is written.
    #[error("{path} was moved, deleted or replaced while it was in use")]
    Moved {
        /// The file.
        path: String,
    },
    /// A row does not hold what its column promises.
    #[error("{subject} cannot be read back: run `waybill check`")]
    Corrupt {
        /// Which row.
        subject: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// What something was then is not in the log any more.
    #[error("what {subject} was then is in archive {number}")]
    Archived {
        /// What is asked for.
        subject: String,
        /// The archive.
        number: u32,
    },
    /// The writer has stopped, as it does at shutdown.
    #[error("the store is closed")]
    Closed,
    /// A lot is of a version of the pipeline that was not read yet.
    #[error(transparent)]
    UnknownVersion(#[from] crate::domain::transition::UnknownVersion),
    /// This process' clock is not believed, so it writes nothing.
    #[error("nothing is done: {0}")]
    Clock(#[from] crate::clock::Doubt),
    /// What is confidential could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] crate::sealing::SealError),
}

impl StoreError {
    /// Whether it passes by itself once the database is well again: the database is away, starting, full, read-only, or
    /// too busy, or refuses this user for now. What else fails would fail again.
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
    // A server that closes a connection before its first byte: its answer to the request for TLS is read as 0.
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
    // A pooler that does not let through what is set at the start of a session never will. It gives the same code
    // to what passes, such as a server that cannot be reached.
    if code == "08P01" && error.message().contains("startup parameter") {
        return false;
    }
    // SQLSTATE: connection, read-only, user and password, database, rollback, right, resources, a lock that was not had,
    // intervention, system. What was cancelled because it took too long would take as long again.
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
    /// Whether the database takes no writes: a standby, or one that was set so.
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

/// What is behind an error: the cause that the members of a group that did not commit share, or that of a migration.
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
