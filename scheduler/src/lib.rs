//! Time and dispatch: the relay publishes what is due, recovery returns what a killed process held.

mod recovery;
mod relay;

pub use recovery::recover;
pub use relay::{Relay, run_until_idle};
