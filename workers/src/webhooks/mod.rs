//! Webhooks: signed events, sent to those who asked for them, at least once and in order for each
//! subject.

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
