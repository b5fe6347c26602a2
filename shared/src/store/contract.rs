//! What a store can do. SQLite and Postgres implement it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{
    Backlog, ChangeSet, Claim, Condition, EnvelopeRow, Fate, Hindrance, Hint, Job, Lease, LotCount,
    LotFilter, LotIndex, LotOrder, NoteRange, OldDocument, Record, StoreError, StoredLine, Wanted,
};
use crate::domain::event::Event;
use crate::domain::ids::LineId;
use crate::domain::kinds::{JobKind, NoteKind, RecordKind};
use crate::domain::limit::Limit;
use crate::domain::lot::{Lot, Timestamp};
use crate::domain::order::Order;
use crate::store::row::{Batch, Counts};

/// The store: reads, the log, what is due, leadership, and the only way to write.
///
/// Every method fails with [`StoreError`] if the database cannot be read or written.
#[async_trait]
pub trait Store: Reads + Log + Queues + Cluster + Whole {
    /// Commits `change_sets` in order. Each is stored completely or not at all, and durably before this returns.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written. If the connection was lost during the commit, the outcome is
    /// unknown. Either read the subjects, or commit again: if the change sets were stored, the second attempt is stale.
    async fn commit(&self, change_sets: Vec<ChangeSet>) -> Result<Vec<Fate>, StoreError>;

    /// A consistent view of the store as it is now, for several reads. Drop it soon.
    async fn snapshot(&self) -> Result<Arc<dyn Store>, StoreError>;

    /// The state of the database, for operators.
    async fn condition(&self) -> Result<Condition, StoreError>;

    /// Checks that the database's files are still the ones that were opened, so that others will find what is written.
    ///
    /// # Errors
    /// [`StoreError::Moved`] if one of them is not.
    fn in_place(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Writes what is queued, and closes files and connections.
    async fn close(&self);
}

/// Reads of the current content.
#[async_trait]
pub trait Reads: std::fmt::Debug + Send + Sync {
    /// The lots that match the filter, by id.
    async fn lots(&self, filter: &LotFilter) -> Result<Vec<Lot>, StoreError>;

    /// The lots that match the filter, in another order. The filter's `after` is ignored.
    async fn lots_ordered(
        &self,
        filter: &LotFilter,
        order: LotOrder,
    ) -> Result<Vec<Lot>, StoreError>;

    /// Like [`Reads::lots`], together with the columns of their rows, so that the two can be compared.
    async fn filed_lots(&self, filter: &LotFilter) -> Result<Vec<(Lot, LotIndex)>, StoreError>;

    async fn lots_by_id(&self, ids: &[i64]) -> Result<Vec<Lot>, StoreError>;

    /// All lots of these distinct lines, by line and part.
    async fn lots_of_lines(&self, lines: &[LineId]) -> Result<Vec<Lot>, StoreError>;

    /// All lots of a line, by part.
    async fn lots_of_line(&self, line: LineId) -> Result<Vec<Lot>, StoreError> {
        self.lots_of_lines(&[line]).await
    }

    /// The lots that travel under `order`, or ended under it, by line and part.
    async fn lots_under(&self, order: &Order) -> Result<Vec<Lot>, StoreError> {
        let lines: BTreeSet<LineId> = order.lines.iter().map(|line| line.lot.line()).collect();
        let mut lots = self.lots_of_lines(&Vec::from_iter(lines)).await?;
        lots.retain(|lot| lot.order.as_deref() == Some(&order.number));
        Ok(lots)
    }

    /// The lots that wait for `awaits`, by priority.
    async fn lots_awaiting(&self, awaits: &str) -> Result<Vec<Lot>, StoreError>;

    /// Counts of lots by state.
    async fn lot_counts(&self) -> Result<Vec<LotCount>, StoreError>;

    async fn lines(&self, ids: &[LineId]) -> Result<Vec<(LineId, StoredLine)>, StoreError>;

    /// The number of events of each of these lines.
    async fn line_versions(&self, ids: &[LineId]) -> Result<Vec<(LineId, i64)>, StoreError>;

    async fn lines_by_external(
        &self,
        ids: &[&str],
    ) -> Result<Vec<(LineId, StoredLine)>, StoreError>;

    /// The lines that share one of these likenesses, by id.
    async fn lines_alike(
        &self,
        likenesses: Vec<String>,
    ) -> Result<Vec<(LineId, String)>, StoreError>;

    /// Lines that are stored under a requester other than their own.
    async fn lines_of_others(&self) -> Result<Vec<LineId>, StoreError>;

    /// All lines, by id.
    async fn all_lines(&self) -> Result<Vec<(LineId, StoredLine)>, StoreError>;

    /// The highest number of a line; 0 if there are no lines.
    async fn last_line(&self) -> Result<i64, StoreError>;

    /// All records of a kind, by id.
    async fn records(&self, kind: RecordKind) -> Result<Vec<Record>, StoreError>;

    /// The records of a kind whose ids begin with `prefix`, by id.
    async fn records_of(&self, kind: RecordKind, prefix: &str) -> Result<Vec<Record>, StoreError>;

    /// Records of all kinds after this kind and id, in that order.
    async fn records_after(
        &self,
        kind: &str,
        id: &str,
        limit: i64,
    ) -> Result<Vec<(String, Record)>, StoreError>;

    /// Records of a kind after this id, by id.
    async fn records_from(
        &self,
        kind: RecordKind,
        id: &str,
        limit: i64,
    ) -> Result<Vec<Record>, StoreError> {
        let found = self.records_after(kind.name(), id, limit).await?.into_iter();
        Ok(found.take_while(|(found, _)| found == kind.name()).map(|(_, record)| record).collect())
    }

    async fn record(&self, kind: RecordKind, id: &str) -> Result<Option<Record>, StoreError>;

    /// Documents from the table that an older version used, after this sender and number.
    async fn old_documents(
        &self,
        after: (&str, &str),
        limit: i64,
    ) -> Result<Vec<OldDocument>, StoreError>;

    /// The body of a note.
    async fn note(&self, kind: NoteKind, key: &str) -> Result<Option<String>, StoreError>;

    /// Keys and bodies of the notes of a kind within `range`.
    async fn notes(
        &self,
        kind: NoteKind,
        range: &NoteRange,
    ) -> Result<Vec<(String, String)>, StoreError>;

    async fn envelopes(&self) -> Result<Vec<EnvelopeRow>, StoreError>;

    /// A number that grows whenever a record that steps look up, or an existing line, changes. Values that were read
    /// after this number may be cached until it grows.
    async fn generation(&self) -> Result<i64, StoreError>;
}

#[async_trait]
pub trait Log: Send + Sync {
    /// All events of one subject, by its printed id.
    async fn events_of(&self, subject: &str) -> Result<Vec<Event>, StoreError>;

    /// Events after `position`, at most `limit`, by position.
    async fn events_after(&self, position: i64, limit: i64) -> Result<Vec<Event>, StoreError>;

    /// Events that have no position yet, ordered by subject; their position is given as 0.
    async fn tail(&self) -> Result<Vec<Event>, StoreError>;

    /// Events that do not point to their subject's previous event: position or id, and subject.
    async fn broken_trails(&self) -> Result<Vec<(i64, String)>, StoreError>;

    /// The links of the hash chain: last position and hash.
    async fn chain(&self) -> Result<Vec<(i64, String)>, StoreError>;

    /// The links after position `after`, up to and including the link that ends at `upto`.
    async fn links(&self, after: i64, upto: i64) -> Result<Vec<(i64, String)>, StoreError>;

    /// The highest position.
    async fn last_position(&self) -> Result<i64, StoreError>;

    /// A number that grows with each event.
    async fn last_event(&self) -> Result<i64, StoreError>;
}

/// What is due, and who works on it.
#[async_trait]
pub trait Queues: Send + Sync {
    /// Claims the lots among `ids` that are due at `step`, under one lease. If a lot changes meanwhile, the change set
    /// that is based on this claim will be stale.
    async fn claim_lots(
        &self,
        step: &str,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Claim, StoreError>;

    /// Claims the due jobs of `kind` among `ids`.
    async fn claim_jobs(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError>;

    /// Claims the first due job of `kind` among `ids` that stays within `limit`. Jobs of one kind with the same body
    /// are counted together; a job counts while its lease is live.
    async fn claim_job_within(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
        limit: Limit,
    ) -> Result<Option<Job>, StoreError>;

    /// The due jobs of `kind` among `ids` that nobody is running.
    async fn free_jobs(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError>;

    /// Ends the lease of a batch that has committed.
    fn release(&self, lease: Lease);

    /// Ends this process's hold on a job that ran, even if its end could not be committed.
    fn let_go(&self, job: &Job);

    /// Leases whose holder is gone, with number and version of their lots.
    async fn lost_leases(&self) -> Result<Vec<(Lease, Vec<(i64, i64)>)>, StoreError>;

    /// Renews this process's leases for another [`Queues::lease_time`].
    async fn renew_leases(&self) -> Result<(), StoreError>;

    /// How long a lease lasts without renewal; `None` if it lasts as long as its process.
    fn lease_time(&self) -> Option<Duration>;

    /// What is due by `now` and not claimed: for each of `wanted`, what has been due longest.
    async fn due(&self, now: Timestamp, wanted: &[Wanted]) -> Result<Vec<Hint>, StoreError>;

    /// Lots that are due by `now`, at most `limit`.
    async fn due_lots(&self, now: Timestamp, limit: i64) -> Result<Vec<Hint>, StoreError>;

    /// The first job that is due by `now`, by due time, then by the order of kinds, then by key. Kinds that only a
    /// newer version knows are skipped.
    async fn first_due_job(&self, now: Timestamp) -> Result<Option<Hint>, StoreError>;

    /// The next moment after `now` at which something becomes due, ignoring jobs of the kind `without`.
    async fn next_due(
        &self,
        now: Timestamp,
        without: Option<JobKind>,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// How much is due by `now`, by queue and lane.
    async fn backlog(&self, now: Timestamp) -> Result<Vec<Backlog>, StoreError>;

    /// When each job of a kind is due, by key.
    async fn job_dues(&self, kind: JobKind) -> Result<Vec<(String, Timestamp)>, StoreError>;

    async fn job_counts(&self) -> Result<Vec<(String, i64)>, StoreError>;
}

/// A leader's term. The database issues it, and it only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term(pub i64);

/// What processes that share a store agree on through the store.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Takes the lead under a new term if nobody leads, or keeps it under `term`. `None` means that another process
    /// leads.
    async fn lead(&self, term: Option<Term>) -> Result<Option<Term>, StoreError>;

    /// Ends `term`, so that another process may lead at once.
    async fn resign(&self, term: Term) -> Result<(), StoreError>;

    /// The database's clock; `None` if the store uses this machine's clock.
    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    /// The current leader, as far as the database knows.
    async fn led_by(&self) -> Result<Option<String>, StoreError>;

    /// How long a term lasts without renewal; `None` if it lasts as long as its process.
    fn term_time(&self) -> Option<Duration>;

    /// Assigns positions to events that have none, and adds them to the hash chain, under `term`. Returns how many.
    async fn sequence(&self, term: Term) -> Result<usize, StoreError>;

    /// What keeps commits from completing or being confirmed, although the database can be read.
    async fn hindrances(&self) -> Result<Vec<Hindrance>, StoreError> {
        Ok(Vec::new())
    }

    /// Housekeeping under `term`: creates the monthly partitions for future events.
    async fn keep_house(&self, term: Term) -> Result<(), StoreError>;

    /// Notifies the leader that these are due; an empty list means that something is. This is only a hint and may be
    /// lost.
    async fn tell(&self, hints: &[Hint]) -> Result<(), StoreError>;

    /// Notifications from other processes; `None` if no other process can share the store.
    async fn hear(&self) -> Result<Option<mpsc::Receiver<Vec<Hint>>>, StoreError>;
}

/// What a store contains besides the log, for copying it elsewhere.
#[async_trait]
pub trait Whole: Send + Sync {
    /// The number of rows of each kind. Events without a position are not counted.
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// Sends every row outside the log: lines, lots, records, envelopes, jobs, documents and notes. Each kind is sorted
    /// by its key, bytewise. Sending ends if the receiver is dropped.
    async fn rest(&self, to: &mpsc::Sender<Batch>) -> Result<(), StoreError>;

    /// Replaces the bodies of the events at these positions with placeholders, after the bodies were written to an
    /// archive on disk. Existing placeholders stay.
    async fn take_out(&self, placeholders: &[(i64, String)]) -> Result<(), StoreError>;

    /// Returns free space to the disk. Readers of the tables that are rewritten have to wait meanwhile.
    async fn compact(&self) -> Result<(), StoreError>;
}

/// A new database next to the one in use. It replaces the one in use when it is complete.
#[async_trait]
pub trait Beside: Send + Sync {
    /// Inserts every row that is received.
    async fn fill(&self, from: mpsc::Receiver<Batch>) -> Result<(), StoreError>;

    /// Opens the replacement for reading.
    async fn look(&self) -> Result<Arc<dyn Store>, StoreError>;

    /// Opens the replacement for writing. Close it before calling [`Beside::take_place`].
    async fn open(&self) -> Result<Arc<dyn Store>, StoreError>;

    /// Puts the replacement in the place of the database in use. Returns the name under which the old database is kept.
    async fn take_place(&self) -> Result<Option<String>, StoreError>;

    /// Deletes the replacement and everything in it.
    async fn discard(&self) -> Result<(), StoreError>;
}
