//! What somebody has stopped for a while: everything, a step, what is sent to suppliers, the calendar, webhooks. It
//! stays stopped over restarts, until somebody lets it go on.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::kinds::{RecordKind, StepKind};
use crate::domain::lot::Timestamp;
use crate::store::{Store, StoreError};

/// Everything that happens by itself.
pub const ALL: &str = "all";

/// The pause of something, or its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pause {
    /// Whether it is paused; else it goes on.
    pub paused: bool,
    /// Since when.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub since: Timestamp,
    /// Who said so.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What is paused, as it was last read.
#[derive(Debug, Default)]
pub struct Pauses {
    known: RwLock<BTreeMap<String, Pause>>,
}

impl Pauses {
    /// Whether what a queue brings is left alone.
    #[must_use]
    pub fn stop(&self, queue: &str) -> bool {
        let part = part_of(queue);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        !known.is_empty() && (known.contains_key(ALL) || known.contains_key(&part))
    }

    /// Whether nothing is to reach `kind` (`supplier`, `webhook`) of this id.
    #[must_use]
    pub fn stop_for(&self, kind: &str, id: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        !known.is_empty() && known.contains_key(&format!("{kind}:{id}"))
    }

    /// Reads them anew.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read; then what was known stands.
    pub async fn learn(&self, store: &dyn Store) -> Result<(), StoreError> {
        let read = pauses(store).await?.into_iter().collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }
}

/// What somebody pauses so that what `queue` brings is left alone.
#[must_use]
pub fn part_of(queue: &str) -> String {
    match queue {
        "cron" => "calendar".to_owned(),
        "send" | "tell" => "connector".to_owned(),
        "webhook" => "webhooks".to_owned(),
        // What these steps begin, these acts end.
        "round" => format!("step:{}", StepKind::MatchDonor),
        "gather" => format!("step:{}", StepKind::IssueOrder),
        step => format!("step:{step}"),
    }
}

/// What is paused now.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
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
