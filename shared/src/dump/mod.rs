//! A whole database in a format of its own that every store can write and read: to move a coalition to another
//! database, and to keep it.
//!
//! The file has JSON lines: a header, the events by position with the links of their hash chain, everything outside the
//! log, and an end with the number of rows and their SHA-256. What follows from the log (each subject's last event, and
//! each event's previous one) is omitted and reconstructed while reading. Leases are omitted, too: work that was under
//! way is due again.

mod carry;
mod fill;
mod nul;
mod read;
mod trail;
mod write;

pub use crate::store::row::{
    Batch, Counts, DocumentRow, EnvelopeRow, EventRow, Header, JobRow, LineRow, LinkRow, LotRow,
    NoteRow, RecordRow, Row,
};
pub use carry::{GivenOut, Restore, carry, pause, restores};
pub use fill::{fill, header};
pub use nul::{NulFound, first_nul};
pub use read::{Reading, WholeError, begins};
pub use write::{Written, write};

pub(crate) use crate::store::row::BATCH;
use trail::Trail;

/// The version of the format. It is raised when an older version of Waybill could not read what this one writes.
pub const FORMAT: u32 = 1;

/// The number of batches between reader and writer.
pub const AHEAD: usize = 8;
