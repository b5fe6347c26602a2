//! All kinds of subjects, records, notes, events and jobs, each with everything that has to be known of it.
//!
//! What depends on a kind is a method here, or a `match` without `_` at the place that needs it. So a new kind does
//! not compile until every question about it is answered.

mod job;
mod line_event;
mod lot_event;
mod note;
mod reason;
mod record;
mod record_event;
mod step;
mod subject;

pub use job::JobKind;
pub use line_event::LineEvent;
pub use lot_event::LotEvent;
pub use note::NoteKind;
pub use reason::{ReasonCode, Reveals};
pub use record::RecordKind;
pub use record_event::RecordEvent;
pub use step::{Milestone, StepKind};
pub use subject::EventSubject;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in RecordKind::ALL {
            assert_eq!(RecordKind::named(kind.name()), Some(*kind));
            assert_eq!(EventSubject::of(&kind.subject("a:b")), EventSubject::Record(*kind, "a:b"));
        }
        for kind in JobKind::ALL {
            assert_eq!(JobKind::named(kind.name()), Some(*kind));
        }
        for event in LotEvent::ALL {
            assert_eq!(LotEvent::named(event.name()), Some(*event));
            assert!(event.name().starts_with("lot."), "{event}");
        }
    }

    #[test]
    fn what_a_newer_version_knows_is_nothing_here() {
        assert_eq!(RecordKind::named("moon"), None);
        assert_eq!(EventSubject::of("moon:1"), EventSubject::Unknown);
        assert_eq!(EventSubject::of("MOON-1"), EventSubject::Unknown);
        assert_eq!(LotEvent::named("lot.moon"), None);
        assert_eq!(LotEvent::named("order.sent"), None);
    }
}
