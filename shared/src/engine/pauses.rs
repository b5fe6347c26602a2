//! What somebody has paused: everything, a step, messages to suppliers, the calendar, webhooks. A pause lasts until
//! somebody ends it, even over restarts.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::kinds::{RecordKind, StepKind};
use crate::domain::lot::Timestamp;
use crate::store::{Store, StoreError};

/// Pauses everything that happens by itself.
pub const ALL: &str = "all";

/// The start or the end of a pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pause {
    /// Whether it is paused; false if the pause has ended.
    pub paused: bool,
    /// Since when.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub since: Timestamp,
    /// Who paused it or ended the pause.
    pub by: String,
    /// The reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The pauses, as they were last read.
#[derive(Debug, Default)]
pub struct Pauses {
    known: RwLock<BTreeMap<String, Pause>>,
}

impl Pauses {
    /// Whether `queue` must not be served.
    #[must_use]
    pub fn stop(&self, queue: &str) -> bool {
        let part = part_of(queue);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        !known.is_empty() && (known.contains_key(ALL) || known.contains_key(&part))
    }

    /// Whether nothing may be sent to the `kind` (`supplier`, `webhook`) with this id.
    #[must_use]
    pub fn stop_for(&self, kind: &str, id: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        !known.is_empty() && known.contains_key(&format!("{kind}:{id}"))
    }

    /// Reads the pauses again.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read. Then the known ones stay.
    pub async fn learn(&self, store: &dyn Store) -> Result<(), StoreError> {
        let read = pauses(store).await?.into_iter().collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }
}

/// The name of the part whose pause stops `queue`.
#[must_use]
pub fn part_of(queue: &str) -> String {
    match queue {
        "cron" => "calendar".to_owned(),
        "send" | "tell" => "connector".to_owned(),
        "webhook" => "webhooks".to_owned(),
        // These jobs finish what the steps begin.
        "round" => format!("step:{}", StepKind::MatchDonor),
        "gather" => format!("step:{}", StepKind::IssueOrder),
        step => format!("step:{step}"),
    }
}

/// The current pauses, with what each pauses.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub async fn pauses(store: &dyn Store) -> Result<Vec<(String, Pause)>, StoreError> {
    let mut paused = Vec::new();
    for record in store.records(RecordKind::Pause).await? {
        let subject = || RecordKind::Pause.subject(&record.id);
        let pause: Pause = serde_json::from_str(&record.body)
            .map_err(|source| StoreError::Corrupt { subject: subject(), source })?;
        if pause.paused {
            paused.push((record.id, pause));
        }
    }
    Ok(paused)
}
