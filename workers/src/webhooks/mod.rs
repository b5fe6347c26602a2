//! Webhooks: events sent to whoever asked for them, signed, at least once, in order per subject.

mod address;
mod batch;
mod deliver;
mod post;
mod sign;
mod state;

pub use address::{AddressError, check};
pub use deliver::Deliver;
pub use post::{Outcome, client, post};
pub use sign::{new_secret, rotated};
pub use state::{Failed, State, replay};
