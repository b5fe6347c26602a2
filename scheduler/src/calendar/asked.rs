//! Runs of a calendar entry that somebody asks for. The entry runs once now; its schedule does not
//! change.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::kinds::{JobKind, RecordEvent};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::job::JobError;
use waybill_shared::store::{ChangeSet, Fate, NewJob};

use super::{changed, read};

/// How often `ask` tries again when another writer has changed the entry.
const CONFLICTS: u32 = 5;

/// A run of a calendar entry that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AskedFire)]
pub struct Asked {
    /// When somebody asked for it.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// Who asked for it.
    pub by: String,
    /// Why they asked for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Makes the entry `name` due now, unless somebody has already asked for a run that is still to
/// come. Returns that run, and whether it is new.
///
/// # Errors
/// [`JobError`] if the store fails, or if other writers keep changing the entry.
pub async fn ask(
    engine: &Engine,
    name: &str,
    by: &str,
    reason: &str,
) -> Result<(Asked, bool), JobError> {
    for _ in 0..CONFLICTS {
        let (version, mut fired) = read(engine, name).await?;
        if let Some(asked) = fired.asked {
            return Ok((asked, false));
        }
        let now = engine.clock.now();
        let asked = Asked { at: now, by: by.to_owned(), reason: reason.to_owned() };
        fired.asked = Some(asked.clone());
        let mut change_set = ChangeSet::new(by, now);
        change_set.records.push(changed(name, version, &fired, RecordEvent::CronAsked)?);
        let (key, body) = (name.to_owned(), String::new());
        change_set.jobs.push(NewJob { kind: JobKind::Cron, key, due: now, body });
        match engine.commit(vec![change_set], None).await?.pop() {
            None | Some(Fate::Committed) => return Ok((asked, true)),
            Some(Fate::Stale { .. }) => {}
            Some(Fate::Refused { rule }) => return Err(JobError::Invalid(rule)),
        }
    }
    Err(JobError::Invalid(format!(
        "other processes keep changing the calendar entry `{name}`: try again"
    )))
}
