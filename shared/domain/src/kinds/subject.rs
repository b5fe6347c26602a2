//! What events are about.

use super::RecordKind;

/// The subject of an event, read from its printed id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSubject<'a> {
    /// A lot, such as `LOT-7K2`.
    Lot,
    /// A line, such as `LINE-001`.
    Line,
    /// The money of a contribution, such as `envelope:LU-1`: the contribution's id (here `LU-1`).
    Envelope(&'a str),
    /// A record, such as `order:PO-1`: its kind, and its id (here `PO-1`).
    Record(RecordKind, &'a str),
    /// Something that only a newer version knows.
    Unknown,
}

impl<'a> EventSubject<'a> {
    /// Reads the printed id of a subject.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        match text.split_once(':') {
            None if text.starts_with("LOT-") => Self::Lot,
            None if text.starts_with("LINE-") => Self::Line,
            None => Self::Unknown,
            Some(("envelope", id)) => Self::Envelope(id),
            Some((kind, id)) => {
                RecordKind::named(kind).map_or(Self::Unknown, |kind| Self::Record(kind, id))
            }
        }
    }
}
