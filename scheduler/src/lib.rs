//! Time and dispatch. The relay publishes what is due, the calendar runs recurring jobs, recovery
//! returns what a killed process held, and virtual time jumps from one due moment to the next.

pub mod calendar;
pub mod intake;
mod leader;
mod outbox;
mod recovery;
mod relay;
mod replies;
mod virtual_time;
mod webhooks;

pub use leader::Alone;
pub use recovery::recover;
pub use relay::Relay;
pub use replies::forget_before;
pub use virtual_time::run_until_idle;
