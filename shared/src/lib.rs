//! What all parts of Waybill speak: the domain, the store, the broker, the engine's shared parts.
//!
//! Nothing in [`domain`] does I/O, reads a clock or is async.

pub mod act;
pub mod address;
pub mod archive;
pub mod asked;
pub mod audit;
pub mod backoff;
pub mod broker;
pub mod causes;
pub mod check;
pub mod clock;
pub mod documents;
pub mod engine;
pub mod feed;
pub mod frameworks;
pub mod happened;
pub mod import;
pub mod incidents;
pub mod intake;
pub mod lead_times;
pub mod line_name;
pub mod metrics;
pub mod outgrown;
pub mod pauses;
pub mod presence;
pub mod report;
pub mod rounds;
pub mod sealing;
pub mod sight;
pub mod store;
pub mod timekeeper;
pub mod trace;
pub mod twins;
pub mod versions;
pub mod views;
pub mod whole;

pub use waybill_domain as domain;
pub use waybill_matching as matching;
