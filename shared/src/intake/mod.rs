//! Intake: turns what was read from files into lines, lots, records and envelopes.

mod amendment;
mod disputes;
pub mod file;
mod lines;
mod merge;
mod outcome;
mod pending;
mod records;
mod reference;

pub use amendment::difference;
pub use disputes::{Dispute, disputes};
pub use lines::{By, Handing, How, IntakeError, amendment, submit, submit_beside};
pub use outcome::{
    Amended, Change, Conflict, Contested, Differs, Earlier, Expected, Gone, Intake, RefusedRow,
    Submitted, Wrongly,
};
pub use pending::{Pending, PendingState, follow};
pub use records::{
    IMPORT, RecordAmended, RecordConflict, RecordGone, Records, Stated, imported_by,
};
pub use reference::{Loaded, contribute, contribute_planned, load, prepare};
