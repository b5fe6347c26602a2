//! Reads and writes the JSON bodies of records and events.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::chain::archived;
use crate::domain::event::Event;

/// Parses the body of record `id`, which is of this kind.
///
/// # Errors
/// [`StoreError::Corrupt`] if the body is not valid for this type.
pub fn parse<T: DeserializeOwned>(
    kind: impl Display,
    id: &str,
    body: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|source| corrupt(kind, id, source))
}

/// Serializes the body of record `id`, which is of this kind.
///
/// # Errors
/// [`StoreError::Corrupt`] if the value cannot be written as JSON.
pub fn write<T: Serialize>(kind: impl Display, id: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| corrupt(kind, id, source))
}

/// Parses the content of the event's subject as it was after `event`.
///
/// # Errors
/// [`StoreError::Archived`] if the body has been moved to an archive, [`StoreError::Corrupt`] if it is not valid for
/// this type.
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
