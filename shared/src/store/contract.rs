//! What a store can do. Two implementations: SQLite and Postgres.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{
    ChangeSet, Claim, Condition, EnvelopeRow, Fate, Hindrance, Hint, Job, Lease, LotCount,
    LotFilter, LotIndex, LotOrder, NoteRange, OldDocument, Record, StoreError, StoredLine, Wanted,
};
use crate::domain::event::Event;
use crate::domain::ids::LineId;
use crate::domain::kinds::{JobKind, NoteKind, RecordKind};
use crate::domain::limit::Limit;
use crate::domain::lot::{Lot, Timestamp};
use crate::domain::order::Order;
use crate::store::row::{Batch, Counts};

/// The store: reads, the log, what is due, leadership, and the one way to write.
///
/// Every method fails with [`StoreError`] if the database cannot be read or written.
#[async_trait]
pub trait Store: Reads + Log + Queues + Cluster + Whole {
    /// Commits `change sets` together: each whole or not at all, in order, durably before this returns.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written. Where the connection was lost while it
    /// committed, nobody knows whether they are stored: read, or commit them again, which is stale
    /// if they were.
    async fn commit(&self, change_sets: Vec<ChangeSet>) -> Result<Vec<Fate>, StoreError>;

    /// This store as it is now, for many reads that have to fit together. To be dropped soon.
    async fn snapshot(&self) -> Result<Arc<dyn Store>, StoreError>;

    /// How the database is.
    async fn condition(&self) -> Result<Condition, StoreError>;

    /// Whether others will find what is written: its files are those that were opened.
    ///
    /// # Errors
    /// [`StoreError::Moved`] if one of them is not.
    fn in_place(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Writes what is queued and closes files and connections.
    async fn close(&self);
}

/// Reads of what is there now.
#[async_trait]
pub trait Reads: std::fmt::Debug + Send + Sync {
    /// Lots by filter, in order of ids.
    async fn lots(&self, filter: &LotFilter) -> Result<Vec<Lot>, StoreError>;

    /// Lots by filter, but for its `after`, in another order.
    async fn lots_ordered(
        &self,
        filter: &LotFilter,
        order: LotOrder,
    ) -> Result<Vec<Lot>, StoreError>;

    /// Lots with what their rows repeat of them.
    async fn filed_lots(&self, filter: &LotFilter) -> Result<Vec<(Lot, LotIndex)>, StoreError>;

    /// Lots by id.
    async fn lots_by_id(&self, ids: &[i64]) -> Result<Vec<Lot>, StoreError>;

    /// All lots of each of these lines, which differ, by line and part.
    async fn lots_of_lines(&self, lines: &[LineId]) -> Result<Vec<Lot>, StoreError>;

    /// All lots of a line, by part.
    async fn lots_of_line(&self, line: LineId) -> Result<Vec<Lot>, StoreError> {
        self.lots_of_lines(&[line]).await
    }

    /// The lots that travel under `order` or ended so, by line and part.
    async fn lots_under(&self, order: &Order) -> Result<Vec<Lot>, StoreError> {
        let lines: BTreeSet<LineId> = order.lines.iter().map(|line| line.lot.line()).collect();
        let mut lots = self.lots_of_lines(&Vec::from_iter(lines)).await?;
        lots.retain(|lot| lot.order.as_deref() == Some(&order.number));
        Ok(lots)
    }

    /// Lots that wait for `awaits`, by priority.
    async fn lots_awaiting(&self, awaits: &str) -> Result<Vec<Lot>, StoreError>;

    /// How many lots are where.
    async fn lot_counts(&self) -> Result<Vec<LotCount>, StoreError>;

    /// Lines by id.
    async fn lines(&self, ids: &[LineId]) -> Result<Vec<(LineId, StoredLine)>, StoreError>;

    /// How many events each of these lines has.
    async fn line_versions(&self, ids: &[LineId]) -> Result<Vec<(LineId, i64)>, StoreError>;

    /// The lines that have these external ids.
    async fn lines_by_external(
        &self,
        ids: &[&str],
    ) -> Result<Vec<(LineId, StoredLine)>, StoreError>;

    /// The lines that share one of these likenesses, by id.
    async fn lines_alike(
        &self,
        likenesses: Vec<String>,
    ) -> Result<Vec<(LineId, String)>, StoreError>;

    /// Lines that are kept under another requester than theirs.
    async fn lines_of_others(&self) -> Result<Vec<LineId>, StoreError>;

    /// All lines, by id.
    async fn all_lines(&self) -> Result<Vec<(LineId, StoredLine)>, StoreError>;

    /// The number of the last line; 0 if there is none.
    async fn last_line(&self) -> Result<i64, StoreError>;

    /// All records of a kind, by id.
    async fn records(&self, kind: RecordKind) -> Result<Vec<Record>, StoreError>;

    /// The records of a kind whose ids begin with `prefix`, by id.
    async fn records_of(&self, kind: RecordKind, prefix: &str) -> Result<Vec<Record>, StoreError>;

    /// Records of all kinds after this kind and id, in their order.
    async fn records_after(
        &self,
        kind: &str,
        id: &str,
        limit: i64,
    ) -> Result<Vec<(String, Record)>, StoreError>;

    /// Records of a kind after the one with this id, by id.
    async fn records_from(
        &self,
        kind: RecordKind,
        id: &str,
        limit: i64,
    ) -> Result<Vec<Record>, StoreError> {
        let found = self.records_after(kind.name(), id, limit).await?.into_iter();
        Ok(found.take_while(|(found, _)| found == kind.name()).map(|(_, record)| record).collect())
    }

    /// One record.
    async fn record(&self, kind: RecordKind, id: &str) -> Result<Option<Record>, StoreError>;

    /// Documents as an older version kept them, after this sender and number.
    async fn old_documents(
        &self,
        after: (&str, &str),
        limit: i64,
    ) -> Result<Vec<OldDocument>, StoreError>;

    /// What is kept beside the log under this kind and key.
    async fn note(&self, kind: NoteKind, key: &str) -> Result<Option<String>, StoreError>;

    /// Keys and bodies of a kind, as `range` asks.
    async fn notes(
        &self,
        kind: NoteKind,
        range: &NoteRange,
    ) -> Result<Vec<(String, String)>, StoreError>;

    /// The money ledger.
    async fn envelopes(&self) -> Result<Vec<EnvelopeRow>, StoreError>;

    /// A number that grows whenever a record that steps look up, or a line that was there, changes.
    /// What was read after it was given may be kept until it grows.
    async fn generation(&self) -> Result<i64, StoreError>;
}

/// The log of events, by position and by subject.
#[async_trait]
pub trait Log: Send + Sync {
    /// The timeline of one subject, by its printed id.
    async fn events_of(&self, subject: &str) -> Result<Vec<Event>, StoreError>;

    /// Events after `position`, at most `limit`, in order of positions.
    async fn events_after(&self, position: i64, limit: i64) -> Result<Vec<Event>, StoreError>;

    /// Events that have no position yet, in the order of their subjects; their position reads 0.
    async fn tail(&self) -> Result<Vec<Event>, StoreError>;

    /// Events that do not point to the one before of their subject: position or id, and subject.
    async fn broken_trails(&self) -> Result<Vec<(i64, String)>, StoreError>;

    /// The links of the hash chain: last position and hash.
    async fn chain(&self) -> Result<Vec<(i64, String)>, StoreError>;

    /// The links after the event at `after`, up to that at `upto`.
    async fn links(&self, after: i64, upto: i64) -> Result<Vec<(i64, String)>, StoreError>;

    /// The last position.
    async fn last_position(&self) -> Result<i64, StoreError>;

    /// A number that grows with each event.
    async fn last_event(&self) -> Result<i64, StoreError>;
}

/// What is due, and who is at it.
#[async_trait]
pub trait Queues: Send + Sync {
    /// Claims those of `ids` that are due at `step`, under one lease. What changes meanwhile is
    /// stale when it is committed.
    async fn claim_lots(
        &self,
        step: &str,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Claim, StoreError>;

    /// Claims those of `ids` that are due jobs of `kind`.
    async fn claim_jobs(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError>;

    /// Claims the first of `ids`, due jobs of `kind`, for which `limit` leaves room. Jobs of one kind
    /// with one body are counted together; those under way are those with a live lease.
    async fn claim_job_within(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
        limit: Limit,
    ) -> Result<Option<Job>, StoreError>;

    /// Those of `ids` that are due jobs of `kind` and that nobody runs.
    async fn free_jobs(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError>;

    /// Ends the lease of a batch that has committed.
    fn release(&self, lease: Lease);

    /// Ends this process' hold on a job that ran, whether or not that could be committed.
    fn let_go(&self, job: &Job);

    /// Leases whose holder is gone: lots by number and version.
    async fn lost_leases(&self) -> Result<Vec<(Lease, Vec<(i64, i64)>)>, StoreError>;

    /// Tells that this process is alive: its leases hold for another [`Queues::lease_time`].
    async fn renew_leases(&self) -> Result<(), StoreError>;

    /// How long a lease holds without being renewed; none: as long as its process lives.
    fn lease_time(&self) -> Option<Duration>;

    /// What is due by `now` and held by nobody, for each of `wanted` the longest due.
    async fn due(&self, now: Timestamp, wanted: &[Wanted]) -> Result<Vec<Hint>, StoreError>;

    /// Lots that are due by `now`, at most `limit`.
    async fn due_lots(&self, now: Timestamp, limit: i64) -> Result<Vec<Hint>, StoreError>;

    /// The first of the jobs that are due by `now`: by their time, then by the order of their kinds, then by their
    /// key. Jobs of a newer version's kinds are left alone.
    async fn first_due_job(&self, now: Timestamp) -> Result<Option<Hint>, StoreError>;

    /// The next moment after `now` at which anything but jobs of the kind `without` is due.
    async fn next_due(
        &self,
        now: Timestamp,
        without: Option<JobKind>,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// How much is due by `now`, by queue and lane.
    async fn backlog(&self, now: Timestamp) -> Result<Vec<Backlog>, StoreError>;

    /// When each job of a kind is due, by key.
    async fn job_dues(&self, kind: JobKind) -> Result<Vec<(String, Timestamp)>, StoreError>;

    /// How many jobs there are of each kind.
    async fn job_counts(&self) -> Result<Vec<(String, i64)>, StoreError>;
}

/// A leader's term, issued by the database. It only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term(pub i64);

/// What processes that share a store agree on through it.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Leads under a new term if nobody does, or goes on leading under `term`; none: another leads.
    async fn lead(&self, term: Option<Term>) -> Result<Option<Term>, StoreError>;

    /// Ends `term`, so that another may lead at once.
    async fn resign(&self, term: Term) -> Result<(), StoreError>;

    /// What time the database has; none where it goes by this machine's clock.
    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    /// Who leads now, as far as the database knows.
    async fn led_by(&self) -> Result<Option<String>, StoreError>;

    /// How long a term holds without being renewed; none: as long as its process lives.
    fn term_time(&self) -> Option<Duration>;

    /// Gives positions to events that have none, and links them into the hash chain, under `term`;
    /// returns how many.
    async fn sequence(&self, term: Term) -> Result<usize, StoreError>;

    /// What keeps commits from being done or confirmed, although the database can be read.
    async fn hindrances(&self) -> Result<Vec<Hindrance>, StoreError> {
        Ok(Vec::new())
    }

    /// Keeps house, under `term`: makes room for the events of the months to come.
    async fn keep_house(&self, term: Term) -> Result<(), StoreError>;

    /// Tells whoever leads that these are due; an empty list: that something is. A hint, that may
    /// be lost.
    async fn tell(&self, hints: &[Hint]) -> Result<(), StoreError>;

    /// What other processes told; none where there are no others.
    async fn hear(&self) -> Result<Option<mpsc::Receiver<Vec<Hint>>>, StoreError>;
}

/// What a store gives to be carried elsewhere, besides its log.
#[async_trait]
pub trait Whole: Send + Sync {
    /// How many rows there are of each kind, those of the log as far as they have a position.
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// Sends every row beside the log: lines, lots, records, envelopes, jobs, documents and notes,
    /// each by its key, in the order of its bytes. Who takes them may stop.
    async fn rest(&self, to: &mpsc::Sender<Batch>) -> Result<(), StoreError>;

    /// Lets these placeholders stand where the bodies of events were, by position: what was put into an archive and is on the
    /// disk. Those that are there already stay.
    async fn take_out(&self, placeholders: &[(i64, String)]) -> Result<(), StoreError>;

    /// Gives what room was freed back to the disk; whoever reads what is written anew waits meanwhile.
    async fn compact(&self) -> Result<(), StoreError>;
}

/// A new database beside the one in use, to take its place once it is whole.
#[async_trait]
pub trait Beside: Send + Sync {
    /// Puts every row that comes into it.
    async fn fill(&self, from: mpsc::Receiver<Batch>) -> Result<(), StoreError>;

    /// It, to be read.
    async fn look(&self) -> Result<Arc<dyn Store>, StoreError>;

    /// It, to be written before it takes the place; to be closed before that.
    async fn open(&self) -> Result<Arc<dyn Store>, StoreError>;

    /// It takes the place; what was there is kept under the name that this gives.
    async fn take_place(&self) -> Result<Option<String>, StoreError>;

    /// Deletes the replacement, with everything in it.
    async fn discard(&self) -> Result<(), StoreError>;
}
