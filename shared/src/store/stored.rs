//! Values as both databases store them.

use super::StoreError;
use crate::domain::lot::Timestamp;

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
