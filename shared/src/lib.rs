//! What all parts of Waybill share: the domain, the store, the broker, the engine.
//!
//! Nothing in [`domain`] does I/O, reads a clock or is async.

pub mod address;
pub mod archive;
pub mod audit;
pub mod backoff;
pub mod broker;
pub mod causes;
pub mod check;
pub mod clock;
pub mod documents;
pub mod dump;
pub mod engine;
pub mod feed;
pub mod frameworks;
pub mod import;
pub mod incidents;
pub mod intake;
pub mod job;
pub mod line_name;
pub mod metrics;
pub mod pauses;
pub mod presence;
pub mod request_mark;
pub mod rounds;
pub mod sealing;
pub mod store;
pub mod timekeeper;
pub mod trace;
pub mod twins;
pub mod versions;
pub mod views;
pub mod visibility;

pub use waybill_domain as domain;
pub use waybill_matching as matching;
