//! Reports: what happened in a week, what a donor's money did, where a requester's lines are, and what a steering group
//! has to decide. They show the state now, or at the end of an earlier day.

mod documents;
mod donor;
mod funnel;
mod requester;
pub mod run;
mod steering;
mod waits;
mod weekly;
mod words;

pub use documents::Filed;
pub use donor::{DonorReport, EnvelopeReport, Item};
pub use funnel::{Funnel, Stage};
pub use requester::{Basis, Expected, Request, RequesterReport};
pub use steering::{SteeringReport, Unoffered};
pub use waits::Wait;
pub use weekly::{Count, Declined, DrawnUp, MoneyMoved, Received, WeeklyReport};

pub(crate) use donor::donor;
pub(crate) use requester::requester;
pub(crate) use steering::steering;
pub(crate) use weekly::weekly;
