//! Every kind of subject, record, note, event of a lot and job, each with what has to be known of it.
//!
//! What depends on a kind is a method here, or a `match` without `_` where it is needed, so that a new kind does not
//! compile until every question about it is answered.

mod job;
mod lot_event;
mod note;
mod record;
mod subject;

pub use job::JobKind;
pub use lot_event::LotEvent;
pub use note::NoteKind;
pub use record::RecordKind;
pub use subject::EventSubject;
