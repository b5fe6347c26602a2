//! Intake: what was read from files becomes lines, lots, records and envelopes.

mod amendment;
mod lines;
mod reference;

pub use amendment::difference;
pub use lines::{Amended, Change, Intake, IntakeError, Submitted, submit};
pub use reference::{OPENING, Openings, contribute, load, start_of};
