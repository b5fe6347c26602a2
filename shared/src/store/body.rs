//! What records hold, as JSON.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::chain::archived;
use crate::domain::event::Event;

/// What the record `id` of this kind holds.
///
/// # Errors
/// [`StoreError::Corrupt`] if it does not hold that.
pub fn parse<T: DeserializeOwned>(
    kind: impl Display,
    id: &str,
    body: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|source| corrupt(kind, id, source))
}

/// What the record `id` of this kind is to hold.
///
/// # Errors
/// [`StoreError::Corrupt`] if it cannot be written as JSON.
pub fn write<T: Serialize>(kind: impl Display, id: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| corrupt(kind, id, source))
}

/// What the subject of `event` was after it.
///
/// # Errors
/// [`StoreError::Archived`] if that is not in the log any more, [`StoreError::Corrupt`] if it is not that.
pub fn of_event<T: DeserializeOwned>(event: &Event) -> Result<T, StoreError> {
    let subject = || event.subject.clone();
    if let Some((number, _)) = archived(&event.body) {
        return Err(StoreError::Archived { subject: subject(), number });
    }
    serde_json::from_str(&event.body)
        .map_err(|source| StoreError::Corrupt { subject: subject(), source })
}

pub(crate) fn corrupt(kind: impl Display, id: &str, source: serde_json::Error) -> StoreError {
    StoreError::Corrupt { subject: format!("{kind}:{id}"), source }
}
