//! The calendar as it stands.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_scheduler::calendar::{Fired, KIND, Times};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;

use crate::Problem;
use crate::status::NextFire;

/// Something that recurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CalendarEntry)]
pub(crate) struct Entry {
    /// Its name.
    name: String,
    /// When, in five fields.
    at: String,
    /// The IANA zone of its times.
    zone: String,
    /// When it ran last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    last: Option<Timestamp>,
    /// When it runs next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    next: Option<Timestamp>,
    /// How often it ran.
    runs: u64,
    /// How often it should have run, did not, and was not made up for.
    missed: u64,
}

impl Entry {
    /// When it runs next.
    pub(crate) fn next_fire(self) -> Option<NextFire> {
        Some(NextFire { next: self.next?, name: self.name })
    }
}

/// Every entry of the pipeline's calendar.
pub(crate) async fn entries(engine: &Engine) -> Result<Vec<Entry>, Problem> {
    let mut entries = Vec::new();
    for entry in &engine.pipeline().cron {
        let record = engine.store.record(KIND, &entry.name).await?;
        let fired = record.and_then(|record| serde_json::from_str::<Fired>(&record.body).ok());
        let fired = fired.unwrap_or_default();
        let times = Times::parse(&entry.at, entry.zone).ok();
        entries.push(Entry {
            name: entry.name.clone(),
            at: entry.at.clone(),
            zone: entry.zone.to_string(),
            last: fired.last,
            next: times.and_then(|times| times.next_after(engine.clock.now())),
            runs: fired.runs,
            missed: fired.missed,
        });
    }
    Ok(entries)
}
