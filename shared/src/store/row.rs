//! The rows, as they stand in a file. Numbers that say where something is in one database are no
//! content: they are found again from the log.

use serde::{Deserialize, Serialize};

/// Rows in one batch.
pub(crate) const BATCH: usize = 500;

/// Rows on their way.
pub type Batch = Vec<Row>;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Row {
    /// Something that happened.
    Event(EventRow),
    /// A link of the hash chain: it covers the events since the link before.
    Link(LinkRow),
    /// A line.
    Line(LineRow),
    /// A lot.
    Lot(LotRow),
    /// A record.
    Record(RecordRow),
    /// An envelope's side of the money ledger.
    Envelope(EnvelopeRow),
    /// A job to be run when due.
    Job(JobRow),
    /// A document that was taken.
    Document(DocumentRow),
    /// What is kept beside the log.
    Note(NoteRow),
}

/// An event; its body byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in `domain::event::Event`")]
pub struct EventRow {
    pub position: i64,
    /// In milliseconds since 1970 UTC.
    pub at: i64,
    pub actor: String,
    pub subject: String,
    pub number: i64,
    pub kind: String,
    pub body: String,
    /// The position of the subject's event before; 0: it is the first.
    #[serde(skip)]
    pub previous: i64,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRow {
    /// The last event that it covers.
    pub position: i64,
    /// In hexadecimal.
    pub hash: String,
    /// The last event of the link before.
    #[serde(skip)]
    pub after: i64,
}

/// What a line's row repeats of it, to be found by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in the table")]
pub struct LineRow {
    pub id: i64,
    pub external: String,
    pub alike: String,
    pub version: i64,
    /// The position of its last event.
    #[serde(skip)]
    pub event: i64,
}

/// What a lot's row repeats of it, to be found by, and when somebody must look again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in the table")]
pub struct LotRow {
    pub id: i64,
    pub version: i64,
    pub state: String,
    pub step: Option<String>,
    pub awaits: Option<String>,
    pub due: Option<i64>,
    pub class: i64,
    pub rank: i64,
    /// The position of its last event.
    #[serde(skip)]
    pub event: i64,
}

/// That there is a record; what it says is in its last event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in the table")]
pub struct RecordRow {
    pub kind: String,
    pub id: String,
    pub version: i64,
    /// The position of its last event.
    #[serde(skip)]
    pub event: i64,
}

/// An envelope, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in `store::EnvelopeRow`")]
pub struct EnvelopeRow {
    pub id: String,
    pub currency: String,
    pub version: i64,
    pub committed: i64,
    pub opened: i64,
    pub allocated: i64,
    pub obligated: i64,
    pub disbursed: i64,
    pub expired: i64,
    pub overrun: i64,
    /// The position of its last event.
    #[serde(skip)]
    pub event: i64,
}

/// A job; one that was under way is due again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in `store::Job`")]
pub struct JobRow {
    pub kind: String,
    pub key: String,
    pub due: i64,
    pub attempt: i64,
    pub version: i64,
    pub body: String,
}

/// A document as it came to a version that did not keep such as records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in `store::OldDocument`")]
pub struct DocumentRow {
    pub sender: String,
    pub number: String,
    pub at: i64,
    pub body: String,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in `store::NoteChange`")]
pub struct NoteRow {
    pub kind: String,
    pub key: String,
    pub body: String,
}

/// How many rows there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is what it counts")]
pub struct Counts {
    pub events: i64,
    pub links: i64,
    pub lines: i64,
    pub lots: i64,
    pub records: i64,
    pub envelopes: i64,
    pub jobs: i64,
    pub documents: i64,
    pub notes: i64,
}

impl Counts {
    /// One more of this kind.
    pub(super) fn count(&mut self, row: &Row) {
        let count = match row {
            Row::Event(_) => &mut self.events,
            Row::Link(_) => &mut self.links,
            Row::Line(_) => &mut self.lines,
            Row::Lot(_) => &mut self.lots,
            Row::Record(_) => &mut self.records,
            Row::Envelope(_) => &mut self.envelopes,
            Row::Job(_) => &mut self.jobs,
            Row::Document(_) => &mut self.documents,
            Row::Note(_) => &mut self.notes,
        };
        *count += 1;
    }

    /// All rows together.
    #[must_use]
    pub fn rows(&self) -> i64 {
        let Self { events, links, lines, lots, records, envelopes, jobs, documents, notes } = self;
        events + links + lines + lots + records + envelopes + jobs + documents + notes
    }
}

/// What a file says of itself before its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// See [`FORMAT`](crate::dump::FORMAT).
    pub format: u32,
    /// The version of Waybill that wrote it.
    pub version: String,
    /// The kind of store it came from.
    pub source: String,
    /// How many rows follow.
    pub counts: Counts,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head<H> {
    pub(super) waybill_export: H,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) end: Sum,
}

/// What the rows come to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sum {
    pub(super) rows: i64,
    /// Over the bytes of the lines between header and end, in hexadecimal.
    pub(super) sha256: String,
}
