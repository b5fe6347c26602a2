//! change sets of change: what belongs together commits together, or not at all.

use std::collections::{BTreeMap, HashMap};

use super::{StoreError, StoredLine, Term};
use crate::domain::ids::LineId;
use crate::domain::kinds::{JobKind, LineEvent, LotEvent, NoteKind, RecordEvent, RecordKind};
use crate::domain::lot::{Lot, LotState, Timestamp};
use crate::domain::quantity::Quantity;
use crate::domain::requisition::Line;

/// A lot replaced by its next version, with the event that says so.
#[derive(Debug, Clone)]
pub struct LotChange {
    /// The lot the change was decided on; none for a new one.
    pub before: Option<Lot>,
    /// The lot as it will be.
    pub after: Lot,
    /// The event.
    pub kind: LotEvent,
}

impl LotChange {
    /// `before` becomes `after`, with an event of this kind.
    #[must_use]
    pub fn new(before: Lot, mut after: Lot, kind: LotEvent) -> Self {
        after.version = before.version + 1;
        Self { before: Some(before), after, kind }
    }

    /// A lot that was not there.
    #[must_use]
    pub fn created(mut lot: Lot, kind: LotEvent) -> Self {
        lot.version = 1;
        Self { before: None, after: lot, kind }
    }

    /// When somebody must look at the lot again; `now` for one that is ready.
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

/// A record put or replaced, with its event.
#[derive(Debug, Clone)]
pub struct RecordChange {
    /// Its kind.
    pub kind: RecordKind,
    /// The id its author gave it.
    pub id: String,
    /// The version it was decided on; 0 for a new one.
    pub expected: i64,
    /// The new content as JSON.
    pub body: String,
    /// What happened to it.
    pub event: RecordEvent,
}

impl RecordChange {
    /// The name of its event.
    pub(super) fn event_name(&self) -> &'static str {
        debug_assert!(self.event.is_of(self.kind), "{} of {}", self.event, self.kind);
        self.event.name()
    }
}

/// A line put or amended, with its event.
///
/// It is made by who changes the line, so that what the requester last stated is never lost: a later
/// statement is compared with that, not with what commands have made of the line.
#[derive(Debug, Clone)]
pub struct LineChange {
    pub(super) id: LineId,
    /// The version it was decided on; 0 for a new one.
    pub(super) expected: i64,
    /// The quantity it had; nothing for a new one.
    pub(super) was: Quantity,
    pub(super) line: Line,
    stated: Option<Box<Line>>,
    event: LineEvent,
}

impl LineChange {
    /// A new line, as its requester states it.
    #[must_use]
    pub fn created(id: LineId, line: Line) -> Self {
        let event = LineEvent::Submitted;
        Self { id, expected: 0, was: Quantity::ZERO, line, stated: None, event }
    }

    /// `before` becomes `line`, because its requester now states `stated`.
    #[must_use]
    pub fn stated(id: LineId, before: &StoredLine, line: Line, stated: Line) -> Self {
        let (expected, was) = (before.version, before.line.quantity);
        let event = if line == before.line { LineEvent::Restated } else { LineEvent::Amended };
        let stated = (stated != line).then(|| Box::new(stated));
        Self { id, expected, was, line, stated, event }
    }

    /// `before` becomes `line` by a command.
    #[must_use]
    pub fn commanded(id: LineId, before: &StoredLine, line: Line) -> Self {
        let stated = (*before.stated() != line).then(|| Box::new(before.stated().clone()));
        let (expected, was) = (before.version, before.line.quantity);
        Self { id, expected, was, line, stated, event: LineEvent::Amended }
    }

    /// The line's number.
    #[must_use]
    pub fn id(&self) -> LineId {
        self.id
    }

    /// The line as it will be.
    #[must_use]
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// The event's kind.
    pub(super) fn event(&self) -> LineEvent {
        self.event
    }

    /// The line's body, as its row and its event hold it.
    pub(super) fn body(&self) -> Result<String, serde_json::Error> {
        line_body(&self.line, self.stated.as_deref())
    }
}

/// A line with what its requester last stated, where that differs.
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

/// What a change set moves in an envelope besides its lots' shares, in minor change sets.
#[derive(Debug, Clone)]
pub struct EnvelopeChange {
    /// The contribution's id.
    pub id: String,
    /// The version it was decided on; 0 for a new one.
    pub expected: i64,
    /// The currency's code.
    pub currency: String,
    /// Added to the ceiling.
    pub committed: i64,
    /// Added to what is open.
    pub opened: i64,
    /// Added to what is no longer available.
    pub expired: i64,
}

/// A job to be run when due. One of a kind and key exists at a time: a second asks for the
/// earlier of both dates.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The kind, which is its queue.
    pub kind: JobKind,
    /// Unique within the kind.
    pub key: String,
    /// When.
    pub due: Timestamp,
    /// What the kind needs to know, as JSON.
    pub body: String,
}

impl NewJob {
    /// A round over all lots. Those asked for meanwhile are the same one.
    #[must_use]
    pub fn round(due: Timestamp) -> Self {
        Self { kind: JobKind::Round, key: "all".to_owned(), due, body: String::new() }
    }
}

/// What becomes of a job that ran. One that was asked for again meanwhile stays due.
#[derive(Debug, Clone)]
pub struct JobChange {
    /// Its number.
    pub id: i64,
    /// The version it was claimed at.
    pub expected: i64,
    /// The lease it was claimed under.
    pub lease: i64,
    /// Run again then, as this attempt; none: it is done.
    pub again: Option<(Timestamp, u32)>,
}

/// A change of what is kept beside the log: cursors, secrets, answers given. It is changed in place,
/// without an event, and guarded by nothing but what else its change set changes.
#[derive(Debug, Clone)]
pub struct NoteChange {
    /// The kind.
    pub kind: NoteKind,
    /// Unique within the kind.
    pub key: String,
    /// What it says; none: it goes.
    pub body: Option<String>,
}

/// Changes that commit together or not at all.
#[derive(Debug, Clone)]
pub struct ChangeSet {
    /// The person or system whose act it is.
    pub actor: String,
    /// Business time.
    pub at: Timestamp,
    /// Lots.
    pub lots: Vec<LotChange>,
    /// Lines.
    pub lines: Vec<LineChange>,
    /// Records.
    pub records: Vec<RecordChange>,
    /// Envelopes' ceilings.
    pub envelopes: Vec<EnvelopeChange>,
    /// Jobs to be run.
    pub jobs: Vec<NewJob>,
    /// The job that this change set answers.
    pub job: Option<JobChange>,
    /// What is kept beside the log.
    pub notes: Vec<NoteChange>,
    /// It tells of what has happened outside: stored even where it exceeds an envelope.
    pub is_outside_fact: bool,
    /// The leader's term whose act it is: stale once another leads.
    pub term: Option<Term>,
}

impl ChangeSet {
    /// An empty change set of `actor` at `at`.
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

    /// Whether lots are all it changes.
    pub(super) fn is_lots_only(&self) -> bool {
        self.lines.is_empty()
            && self.records.is_empty()
            && self.jobs.is_empty()
            && self.job.is_none()
            && self.notes.is_empty()
    }

    /// Whether it changes what steps look up and keep.
    pub(super) fn changes_what_is_kept(&self) -> bool {
        self.records.iter().any(|record| record.kind.is_looked_up())
            || self.lines.iter().any(|line| line.expected > 0)
    }

    /// This change set with all that the other changes, of the same act.
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

    /// This change set with one more lot.
    #[must_use]
    pub fn lot(mut self, change: LotChange) -> Self {
        self.lots.push(change);
        self
    }
}

/// The jobs that `change sets` ask for. Many may ask for the same: it is written once, for the earliest of
/// their dates.
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

/// What `change sets` leave of the notes that they change, each once, by kind and key.
pub(super) fn last_notes(
    change_sets: &[impl std::borrow::Borrow<ChangeSet>],
) -> impl Iterator<Item = &NoteChange> {
    let mut notes: BTreeMap<(NoteKind, &str), &NoteChange> = BTreeMap::new();
    for note in change_sets.iter().flat_map(|change_set| &change_set.borrow().notes) {
        notes.insert((note.kind, &note.key), note);
    }
    notes.into_values()
}

/// A change set with its lots' bodies as they are stored.
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
