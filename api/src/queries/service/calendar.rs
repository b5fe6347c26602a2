//! The calendar: as it stands, and what it brings next.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_scheduler::calendar::{Asked, Fired, Times};
use waybill_shared::domain::kinds::{JobKind, RecordKind};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::pipeline::{CronAct, CronEntry};
use waybill_shared::engine::Engine;

use crate::queries::error::QueryError;

/// Something that recurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CalendarEntry)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it does.
    pub act: CronAct,
    /// When, in five fields.
    pub at: String,
    /// The IANA zone of its times.
    pub zone: String,
    /// When it ran last, by its times or because somebody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub last: Option<Timestamp>,
    /// When it runs next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub next: Option<Timestamp>,
    /// How often it ran.
    pub runs: u64,
    /// How often it should have run, did not, and was not made up for.
    pub missed: u64,
    /// The fire that somebody has asked for and that was not run yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// What the calendar brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ComingFire)]
pub struct Coming {
    /// When.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// The entry's name.
    pub name: String,
    /// What it does.
    pub act: CronAct,
}

/// When something of the calendar runs next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NextFire {
    /// The entry.
    pub name: String,
    /// When.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub next: Timestamp,
}

impl Entry {
    /// When it runs next.
    pub(crate) fn next_fire(self) -> Option<NextFire> {
        Some(NextFire { next: self.next?, name: self.name })
    }
}

/// Every entry of the calendar: the pipeline's, and the daily duties that it does not schedule.
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

/// When `entry` runs next: when its job is due, or, where it has none to come yet, as its times say.
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

/// The next `count` fires of all entries together, in order.
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
