//! What all parts of Waybill share: the domain, the store, the broker, the engine.
//!
//! Nothing in [`domain`] does I/O, reads a clock or is async.

pub mod address;
pub mod archive;
pub mod audit;
pub mod broker;
pub mod check;
pub mod documents;
pub mod dump;
pub mod engine;
pub mod feed;
pub mod frameworks;
pub mod import;
pub mod intake;
pub mod line_name;
pub mod openings;
pub mod rounds;
pub mod sealing;
pub mod store;
mod telemetry;
mod time;
pub mod twins;
pub mod views;
pub mod visibility;

pub use engine::{incidents, job, pauses, presence, request_mark, sealed, timekeeper, versions};
pub use telemetry::{causes, metrics, trace};
pub use time::{backoff, clock};
pub use waybill_domain as domain;
pub use waybill_matching as matching;
