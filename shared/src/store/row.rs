//! The rows of a file. Positions that a row refers to depend on the database, so they are not written but reconstructed
//! from the log.

use serde::{Deserialize, Serialize};

/// Rows in one batch.
pub(crate) const BATCH: usize = 500;

/// Rows on their way.
pub type Batch = Vec<Row>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Row {
    /// An event of the log.
    Event(EventRow),
    /// A link of the hash chain. It covers the events since the previous link.
    Link(LinkRow),
    Line(LineRow),
    Lot(LotRow),
    Record(RecordRow),
    /// An envelope in the money ledger.
    Envelope(EnvelopeRow),
    /// A job to be run when it is due.
    Job(JobRow),
    /// A document in the table that an older version used.
    Document(DocumentRow),
    /// State outside the log.
    Note(NoteRow),
}

/// An event, with its body byte for byte.
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
    /// The position of the subject's previous event; 0 for its first event.
    #[serde(skip)]
    pub previous: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRow {
    /// The last event that it covers.
    pub position: i64,
    /// In hexadecimal.
    pub hash: String,
    /// The last event that the previous link covers.
    #[serde(skip)]
    pub after: i64,
}

/// The columns of a line's row that repeat its body, for searching.
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

/// The columns of a lot's row that repeat its body, for searching, and when the lot is due.
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

/// A record's row. Its content is in its last event.
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

/// A job. If it was running, it is due again.
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

/// A document as an older version stored it, which did not keep documents as records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in `store::OldDocument`")]
pub struct DocumentRow {
    pub sender: String,
    pub number: String,
    pub at: i64,
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in `store::NoteChange`")]
pub struct NoteRow {
    pub kind: String,
    pub key: String,
    pub body: String,
}

/// The number of rows of each kind.
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
    /// Counts one more row.
    pub(crate) fn count(&mut self, row: &Row) {
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

    /// The total number of rows.
    #[must_use]
    pub fn rows(&self) -> i64 {
        let Self { events, links, lines, lots, records, envelopes, jobs, documents, notes } = self;
        events + links + lines + lots + records + envelopes + jobs + documents + notes
    }
}

/// The header, before the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// See [`FORMAT`](crate::dump::FORMAT).
    pub format: u32,
    /// The version of Waybill that wrote the file.
    pub version: String,
    /// The kind of store that the rows come from.
    pub source: String,
    /// How many rows follow.
    pub counts: Counts,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Head<H> {
    pub(crate) waybill_export: H,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    pub(crate) end: Sum,
}

/// Counts and digest of the rows.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sum {
    pub(crate) rows: i64,
    /// Over the bytes of the lines between header and end, in hexadecimal.
    pub(crate) sha256: String,
}
