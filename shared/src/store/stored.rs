//! Values as both databases store them.

use super::StoreError;
use crate::domain::ids::LotId;
use crate::domain::lot::{Priority, Timestamp};

/// A moment in milliseconds since 1970 UTC.
pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_timestamp_millis(millis).unwrap_or(Timestamp::MAX_UTC)
}

/// A body; one that cannot be read is told with its subject.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(
    body: &'a str,
    subject: impl FnOnce() -> String,
) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|source| StoreError::Corrupt { subject: subject(), source })
}

/// A place in the order of priority; without one, before all of them.
pub(super) fn place(after: Option<(Priority, LotId)>) -> (i64, i64, i64) {
    let place = |(priority, id): (Priority, LotId)| {
        (i64::from(priority.class), i64::from(priority.rank), id.0)
    };
    after.map_or((-1, -1, -1), place)
}
