//! Fires that somebody asks for: an entry is run now, once, and its times stay as they are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::kinds::{JobKind, RecordEvent};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::job::JobError;
use waybill_shared::store::{ChangeSet, Fate, NewJob};

use super::{changed, read};

/// Conflicts with other writers after which it is given up.
const CONFLICTS: u32 = 5;

/// A fire that somebody has asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AskedFire)]
pub struct Asked {
    /// When it was asked for.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// Who has asked.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Makes the entry `name` due now, if no fire of it is asked for already: that fire, and whether it is
/// new.
///
/// # Errors
/// [`JobError`] if the store fails, or others keep changing the entry.
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
    Err(JobError::Invalid(format!("others keep changing the entry `{name}`")))
}
