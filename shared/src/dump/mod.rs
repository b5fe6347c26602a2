//! A whole database in a form of its own, that every store can give and take: to carry a coalition
//! from one to another, and to keep it.
//!
//! A file of JSON lines: a header, the events by position with the links of their hash chain, what
//! stands beside the log, and an end that tells how many rows there were and their SHA-256. What
//! follows from the log (which event is a subject's last, which one it follows) is left out, and
//! found again as it is read. Leases are left out, too: what was under way is due again.

mod carry;
mod fill;
mod nul;
mod read;
mod trail;
mod write;

pub use carry::{GivenOut, Restore, carry, pause, restores};
pub use fill::{fill, header};
pub use nul::{NulFound, first_nul};
pub use read::{Reading, WholeError, begins};
pub use crate::store::row::{
    Batch, Counts, DocumentRow, EnvelopeRow, EventRow, Header, JobRow, LineRow, LinkRow, LotRow,
    NoteRow, RecordRow, Row,
};
pub use write::{Written, write};

pub(crate) use crate::store::row::BATCH;
use crate::store::row::{End, Head};
use trail::Trail;

/// The version of the form: raised when what is written today could not be read by yesterday's
/// Waybill.
pub const FORMAT: u32 = 1;

/// Batches under way between who reads and who writes.
pub const AHEAD: usize = 8;

