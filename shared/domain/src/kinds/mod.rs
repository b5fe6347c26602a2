//! Every kind of record, event of a lot and job, each with what has to be known of it.
//!
//! What depends on a kind is a method here, or a `match` without `_` where it is needed, so that a new kind does not
//! compile until every question about it is answered.

mod job;
mod lot_event;
mod record;

pub use job::JobKind;
pub use lot_event::LotEvent;
pub use record::RecordKind;
