//! Conversions for values that both databases store.

use super::StoreError;
use crate::domain::ids::{LineId, LotId};
use crate::domain::lot::{Priority, Timestamp};

/// From milliseconds since 1970 UTC.
pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_timestamp_millis(millis).unwrap_or(Timestamp::MAX_UTC)
}

/// Parses a body. The error names the subject.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(
    body: &'a str,
    subject: impl FnOnce() -> String,
) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|source| StoreError::Corrupt { subject: subject(), source })
}

/// The sort key of a place in the order of priority; `None` sorts before all lots.
pub(super) fn place(after: Option<(Priority, LotId)>) -> (i64, i64, i64) {
    let place = |(priority, id): (Priority, LotId)| {
        (i64::from(priority.class), i64::from(priority.rank), id.0)
    };
    after.map_or((-1, -1, -1), place)
}

/// The number of the first part (lot) of each line.
pub(super) fn first_parts(lines: &[LineId]) -> Vec<i64> {
    lines.iter().filter_map(|line| LotId::of(*line, 0)).map(|lot| lot.0).collect()
}

/// A string that sorts after all ids that begin with `prefix`, bytewise.
pub(super) fn end_of(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}
