//! Intake: what was read from files becomes lines, lots, records and envelopes.

mod amendment;
mod lines;
mod pending;
mod reference;
mod turns;

pub use amendment::difference;
pub use lines::{
    Amended, Change, Handing, Intake, IntakeError, Submitted, amendment, foresee, submit,
};
pub use pending::{AMENDMENT, Pending, PendingState, follow};
pub use reference::{OPENING, Openings, contribute, load, start_of};
pub use turns::Turns;
