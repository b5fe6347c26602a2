//! The calendar: its entries, and their next runs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_scheduler::calendar::{Asked, Fired, Times};
use waybill_shared::domain::kinds::{JobKind, RecordKind};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::pipeline::{CronAct, CronEntry};
use waybill_shared::engine::Engine;

use crate::queries::error::QueryError;

/// A recurring task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CalendarEntry)]
pub struct Entry {
    /// The entry's name.
    pub name: String,
    /// What the entry does.
    pub act: CronAct,
    /// When it runs: the five fields of a cron expression.
    pub at: String,
    /// The IANA time zone of those times.
    pub zone: String,
    /// When the entry last ran, at its regular time or on request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub last: Option<Timestamp>,
    /// When the entry runs next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub next: Option<Timestamp>,
    /// How often the entry has run.
    pub runs: u64,
    /// How often the entry missed a run that was not made up for.
    pub missed: u64,
    /// A run that somebody has requested and that is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// A coming run of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ComingFire)]
pub struct Coming {
    /// When it runs.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// The entry's name.
    pub name: String,
    /// What the entry does.
    pub act: CronAct,
}

/// The next run of a calendar entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NextFire {
    /// The entry's name.
    pub name: String,
    /// When it runs.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub next: Timestamp,
}

impl Entry {
    pub(crate) fn next_fire(self) -> Option<NextFire> {
        Some(NextFire { next: self.next?, name: self.name })
    }
}

/// Every calendar entry: those of the pipeline, and the daily duties that the pipeline does not schedule.
pub(crate) async fn entries(engine: &Engine) -> Result<Vec<Entry>, QueryError> {
    let mut entries = Vec::new();
    let due = engine.store.job_dues(JobKind::Cron).await?;
    for entry in &engine.calendar().await? {
        let record = engine.store.record(RecordKind::Cron, &entry.name).await?;
        let fired = record.and_then(|record| serde_json::from_str::<Fired>(&record.body).ok());
        let fired = fired.unwrap_or_default();
        let times = Times::parse(&entry.at, entry.zone).ok();
        entries.push(Entry {
            name: entry.name.clone(),
            act: entry.act,
            at: entry.at.clone(),
            zone: entry.zone.to_string(),
            last: fired.last.max(fired.by_hand),
            next: next(engine, entry, times.as_ref(), &due),
            runs: fired.runs,
            missed: fired.missed,
            asked: fired.asked,
        });
    }
    Ok(entries)
}

/// When `entry` runs next: when its job is due or, if no job is planned yet, at its next regular time.
fn next(
    engine: &Engine,
    entry: &CronEntry,
    times: Option<&Times>,
    due: &[(String, Timestamp)],
) -> Option<Timestamp> {
    let now = engine.clock.now();
    let stored = due.iter().find(|(name, due)| *name == entry.name && *due > now);
    stored.map(|(_, due)| *due).or_else(|| times?.next_after(now))
}

/// The next `count` runs of all entries together, in order.
pub(crate) async fn coming(engine: &Engine, count: usize) -> Result<Vec<Coming>, QueryError> {
    let due = engine.store.job_dues(JobKind::Cron).await?;
    let fires = |entry: &CronEntry| {
        let (name, act) = (entry.name.clone(), entry.act);
        let times = Times::parse(&entry.at, entry.zone).ok();
        let first = next(engine, entry, times.as_ref(), &due);
        let fires = std::iter::successors(first, move |last| times.as_ref()?.next_after(*last));
        fires.take(count).map(move |at| Coming { at, name: name.clone(), act })
    };
    let mut all: Vec<Coming> = engine.calendar().await?.iter().flat_map(fires).collect();
    all.sort_by(|one, other| (one.at, &one.name).cmp(&(other.at, &other.name)));
    all.truncate(count);
    Ok(all)
}
