//! Change sets: changes that commit together or not at all.

use std::collections::{BTreeMap, HashMap};

use super::{StoreError, StoredLine, Term};
use crate::domain::ids::LineId;
use crate::domain::kinds::{JobKind, LineEvent, LotEvent, NoteKind, RecordEvent, RecordKind};
use crate::domain::lot::{Lot, LotState, Timestamp};
use crate::domain::quantity::Quantity;
use crate::domain::requisition::Line;

/// A lot's next version, with the event that records it.
#[derive(Debug, Clone)]
pub struct LotChange {
    /// The lot that the change is based on; `None` for a new lot.
    pub before: Option<Lot>,
    pub after: Lot,
    pub kind: LotEvent,
}

impl LotChange {
    /// Replaces `before` with `after`, and raises the version.
    #[must_use]
    pub fn new(before: Lot, mut after: Lot, kind: LotEvent) -> Self {
        after.version = before.version + 1;
        Self { before: Some(before), after, kind }
    }

    #[must_use]
    pub fn created(mut lot: Lot, kind: LotEvent) -> Self {
        lot.version = 1;
        Self { before: None, after: lot, kind }
    }

    /// When the lot is due next: `now` if it is ready, `None` if time alone does not move it.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        match self.after.state() {
            LotState::Ready { .. } => Some(now),
            LotState::RetryAt { due, .. } => Some(*due),
            LotState::Waiting { until, .. } => *until,
            LotState::Parked { .. } | LotState::Closed(_) => None,
        }
    }
}

/// A new or changed record, with its event.
#[derive(Debug, Clone)]
pub struct RecordChange {
    pub kind: RecordKind,
    /// Unique within the kind; chosen by the author.
    pub id: String,
    /// The version that the change is based on; 0 for a new record.
    pub expected: i64,
    /// The new content as JSON.
    pub body: String,
    pub event: RecordEvent,
}

impl RecordChange {
    pub(super) fn event_name(&self) -> &'static str {
        debug_assert!(self.event.is_of(self.kind), "{} of {}", self.event, self.kind);
        self.event.name()
    }
}

/// A new or amended line, with its event.
///
/// It keeps what the requester last stated, because a later submission is compared with that and not with what commands
/// have made of the line.
#[derive(Debug, Clone)]
pub struct LineChange {
    pub(super) id: LineId,
    /// The version that the change is based on; 0 for a new line.
    pub(super) expected: i64,
    /// The quantity before the change; zero for a new line.
    pub(super) was: Quantity,
    pub(super) line: Line,
    stated: Option<Box<Line>>,
    event: LineEvent,
}

impl LineChange {
    /// A new line, as its requester stated it.
    #[must_use]
    pub fn created(id: LineId, line: Line) -> Self {
        let event = LineEvent::Submitted;
        Self { id, expected: 0, was: Quantity::ZERO, line, stated: None, event }
    }

    /// Replaces `before` with `line`, because the requester now states `stated`.
    #[must_use]
    pub fn stated(id: LineId, before: &StoredLine, line: Line, stated: Line) -> Self {
        let (expected, was) = (before.version, before.line.quantity);
        let event = if line == before.line { LineEvent::Restated } else { LineEvent::Amended };
        let stated = (stated != line).then(|| Box::new(stated));
        Self { id, expected, was, line, stated, event }
    }

    /// Replaces `before` with `line` because of a command.
    #[must_use]
    pub fn commanded(id: LineId, before: &StoredLine, line: Line) -> Self {
        let stated = (*before.stated() != line).then(|| Box::new(before.stated().clone()));
        let (expected, was) = (before.version, before.line.quantity);
        Self { id, expected, was, line, stated, event: LineEvent::Amended }
    }

    #[must_use]
    pub fn id(&self) -> LineId {
        self.id
    }

    #[must_use]
    pub fn line(&self) -> &Line {
        &self.line
    }

    pub(super) fn event(&self) -> LineEvent {
        self.event
    }

    /// The body for the line's row and its event.
    pub(super) fn body(&self) -> Result<String, serde_json::Error> {
        line_body(&self.line, self.stated.as_deref())
    }
}

/// The line, together with what its requester last stated if that differs.
pub(super) fn line_body(line: &Line, stated: Option<&Line>) -> Result<String, serde_json::Error> {
    #[derive(serde::Serialize)]
    struct Body<'a> {
        #[serde(flatten)]
        line: &'a Line,
        stated: &'a Line,
    }
    match stated {
        None => serde_json::to_string(line),
        Some(stated) => serde_json::to_string(&Body { line, stated }),
    }
}

/// A change of an envelope other than through lots' shares. Amounts are in minor units.
#[derive(Debug, Clone)]
pub struct EnvelopeChange {
    /// The contribution's id.
    pub id: String,
    /// The version that the change is based on; 0 for a new envelope.
    pub expected: i64,
    pub currency: String,
    /// Added to the ceiling.
    pub committed: i64,
    /// Added to the part that is open.
    pub opened: i64,
    /// Added to the part that has lapsed.
    pub expired: i64,
}

/// A job to be run when it is due. Only one job exists for each kind and key: a second request moves it to the earlier
/// of the two dates.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Also the name of its queue.
    pub kind: JobKind,
    /// Unique within the kind.
    pub key: String,
    pub due: Timestamp,
    /// The job handler's parameters, as JSON.
    pub body: String,
}

impl NewJob {
    /// A matching round over all lots. Rounds requested before it runs are merged into this one.
    #[must_use]
    pub fn round(due: Timestamp) -> Self {
        Self { kind: JobKind::Round, key: "all".to_owned(), due, body: String::new() }
    }
}

/// The outcome of a job that ran. A job that was requested again while it ran stays due.
#[derive(Debug, Clone)]
pub struct JobChange {
    pub id: i64,
    /// The version at which it was claimed.
    pub expected: i64,
    /// The lease under which it was claimed.
    pub lease: i64,
    /// When to run it again, and the number of that attempt; `None` if it is done.
    pub again: Option<(Timestamp, u32)>,
}

/// A change of state outside the log: cursors, secrets, stored answers. It is made in place and has no event. Only the
/// guards of the other changes in its change set protect it.
#[derive(Debug, Clone)]
pub struct NoteChange {
    pub kind: NoteKind,
    /// Unique within the kind.
    pub key: String,
    /// The new content; `None` deletes the note.
    pub body: Option<String>,
}

/// Changes that commit together or not at all.
#[derive(Debug, Clone)]
pub struct ChangeSet {
    /// The person or system that makes the changes.
    pub actor: String,
    /// Business time.
    pub at: Timestamp,
    pub lots: Vec<LotChange>,
    pub lines: Vec<LineChange>,
    pub records: Vec<RecordChange>,
    pub envelopes: Vec<EnvelopeChange>,
    pub jobs: Vec<NewJob>,
    /// The outcome of the job that produced this change set.
    pub job: Option<JobChange>,
    pub notes: Vec<NoteChange>,
    /// Records something that has already happened outside, so it is stored even if it exceeds an envelope.
    pub is_outside_fact: bool,
    /// Set if only the leader may make these changes. The change set is stale if another term has begun.
    pub term: Option<Term>,
}

impl ChangeSet {
    #[must_use]
    pub fn new(actor: &str, at: Timestamp) -> Self {
        Self {
            actor: actor.to_owned(),
            at,
            lots: Vec::new(),
            lines: Vec::new(),
            records: Vec::new(),
            envelopes: Vec::new(),
            jobs: Vec::new(),
            job: None,
            notes: Vec::new(),
            is_outside_fact: false,
            term: None,
        }
    }

    pub(super) fn is_lots_only(&self) -> bool {
        self.lines.is_empty()
            && self.records.is_empty()
            && self.jobs.is_empty()
            && self.job.is_none()
            && self.notes.is_empty()
    }

    /// Whether it changes something that steps look up and cache.
    pub(super) fn changes_what_is_kept(&self) -> bool {
        self.records.iter().any(|record| record.kind.is_looked_up())
            || self.lines.iter().any(|line| line.expected > 0)
    }

    /// Adds the changes of `other`. Everything else stays as in `self`.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.lots.extend(other.lots);
        self.lines.extend(other.lines);
        self.records.extend(other.records);
        self.envelopes.extend(other.envelopes);
        self.jobs.extend(other.jobs);
        self.notes.extend(other.notes);
        self
    }

    #[must_use]
    pub fn lot(mut self, change: LotChange) -> Self {
        self.lots.push(change);
        self
    }
}

/// The jobs that `change_sets` request. A job that is requested several times is listed once, with its earliest date.
pub(super) fn wanted_jobs<'a>(change_sets: impl IntoIterator<Item = &'a ChangeSet>) -> Vec<NewJob> {
    let mut jobs: Vec<NewJob> = Vec::new();
    let mut places: HashMap<(JobKind, &str), usize> = HashMap::new();
    for job in change_sets.into_iter().flat_map(|change_set| &change_set.jobs) {
        match places.get(&(job.kind, job.key.as_str())) {
            Some(place) => jobs[*place].due = jobs[*place].due.min(job.due),
            None => {
                places.insert((job.kind, &job.key), jobs.len());
                jobs.push(job.clone());
            }
        }
    }
    jobs
}

/// The last change of each note in `change_sets`, ordered by kind and key.
pub(super) fn last_notes(
    change_sets: &[impl std::borrow::Borrow<ChangeSet>],
) -> impl Iterator<Item = &NoteChange> {
    let mut notes: BTreeMap<(NoteKind, &str), &NoteChange> = BTreeMap::new();
    for note in change_sets.iter().flat_map(|change_set| &change_set.borrow().notes) {
        notes.insert((note.kind, &note.key), note);
    }
    notes.into_values()
}

/// A change set with its lots' bodies, serialized before they reach the writer.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) change_set: ChangeSet,
    pub(super) bodies: Vec<String>,
}

impl Prepared {
    pub(super) fn of(change_set: ChangeSet) -> Result<Self, StoreError> {
        let body = |change: &LotChange| {
            serde_json::to_string(&change.after).map_err(|source| StoreError::Corrupt {
                subject: change.after.id.to_string(),
                source,
            })
        };
        let bodies = change_set.lots.iter().map(body).collect::<Result<_, _>>()?;
        Ok(Self { change_set, bodies })
    }
}
