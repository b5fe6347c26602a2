//! The calendar of recurring jobs. One transaction records that an entry fired, adds its job and
//! schedules the next run. Each run is unique by entry and instant. Missed runs are counted from
//! the last stored one.

mod asked;
mod expression;

pub use asked::{Asked, ask};
pub use expression::{ExpressionError, Times};

use async_trait::async_trait;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use waybill_shared::domain::kinds::{JobKind, RecordEvent, RecordKind};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::pipeline::{CronAct, CronEntry, Missed};
use waybill_shared::engine::Engine;
use waybill_shared::job::{Done, JobError, JobHandler};
use waybill_shared::store::{ChangeSet, Job, NewJob, RecordChange, StoreError};

/// A run that is later than this counts as missed.
const ON_TIME: TimeDelta = TimeDelta::minutes(5);

/// The most missed runs that are counted.
const COUNTED: usize = 10_000;

/// What the store keeps about one entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// The scheduled time of the last run.
    pub last: Option<Timestamp>,
    pub runs: u64,
    /// How many runs were missed and not made up for.
    pub missed: u64,
    /// A run that somebody has asked for and that has not happened yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// When somebody asked for the last run that was started by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<Timestamp>,
}

/// Schedules the next run of every entry that has none yet, or whose last run is in the future
/// because the clock was ahead.
///
/// # Errors
/// [`JobError`] if an expression is invalid or the store fails.
pub async fn arm(engine: &Engine) -> Result<(), JobError> {
    let now = engine.clock.now();
    let mut change_set = ChangeSet::new("calendar", now);
    for entry in &engine.calendar().await? {
        let times = times(entry)?;
        let (version, mut fired) = read(engine, &entry.name).await?;
        if fired.is_ahead(now) {
            tracing::warn!(
                entry = entry.name,
                "it last ran while the clock was ahead: it runs once now, then on schedule"
            );
            // Nobody knows which runs it has missed meanwhile, so it runs once.
            fired.asked.get_or_insert_with(|| Asked {
                at: now,
                by: "calendar".to_owned(),
                reason: "the clock was ahead when it last ran".to_owned(),
            });
            fired.last = fired.last.min(Some(now));
            fired.by_hand = fired.by_hand.min(Some(now));
            change_set.records.push(changed(
                &entry.name,
                version,
                &fired,
                RecordEvent::CronCorrected,
            )?);
            change_set.jobs.push(NewJob {
                kind: JobKind::Cron,
                key: entry.name.clone(),
                due: now,
                body: String::new(),
            });
            continue;
        }
        let last = fired.last.unwrap_or(now);
        if let Some(due) = times.next_after(last) {
            let (key, body) = (entry.name.clone(), String::new());
            change_set.jobs.push(NewJob { kind: JobKind::Cron, key, due, body });
        }
    }
    engine.commit(vec![change_set], None).await?;
    Ok(())
}

impl Fired {
    /// Whether its last run is at a time that is still to come.
    fn is_ahead(&self, now: Timestamp) -> bool {
        self.last.max(self.by_hand).is_some_and(|last| last > now + ON_TIME)
    }
}

/// The change that stores `fired` for the entry `name`.
fn changed(
    name: &str,
    expected: i64,
    fired: &Fired,
    event: RecordEvent,
) -> Result<RecordChange, JobError> {
    let body =
        serde_json::to_string(fired).map_err(|error| JobError::Invalid(error.to_string()))?;
    Ok(RecordChange { kind: RecordKind::Cron, id: name.to_owned(), expected, body, event })
}

fn times(entry: &CronEntry) -> Result<Times, JobError> {
    Times::parse(&entry.at, entry.zone)
        .map_err(|error| JobError::Invalid(format!("cron entry `{}`: {error}", entry.name)))
}

async fn read(engine: &Engine, name: &str) -> Result<(i64, Fired), StoreError> {
    let Some(record) = engine.store.record(RecordKind::Cron, name).await? else {
        return Ok((0, Fired::default()));
    };
    let fired = serde_json::from_str(&record.body).map_err(|source| StoreError::Corrupt {
        subject: RecordKind::Cron.subject(name),
        source,
    })?;
    Ok((record.version, fired))
}

fn job_kind(act: CronAct) -> JobKind {
    match act {
        CronAct::Rematch => JobKind::Round,
        CronAct::Chase => JobKind::Chase,
        CronAct::Lapse => JobKind::Lapse,
        CronAct::Digest => JobKind::Digest,
    }
}

/// The job of `entry` for the run at `instant`. If runs must not overlap, all runs share a key, so
/// a run that is asked for while another is not done is the same job.
fn job(entry: &CronEntry, instant: Timestamp, now: Timestamp) -> NewJob {
    let key = match (entry.act, entry.overlap) {
        (CronAct::Rematch, _) => "all".to_owned(),
        (_, true) => format!("{}@{}", entry.name, instant.format("%Y-%m-%dT%H:%MZ")),
        (_, false) => entry.name.clone(),
    };
    NewJob { kind: job_kind(entry.act), key, due: now, body: String::new() }
}

/// Which of the due runs in `fires` are run. They are in ascending order.
fn chosen(entry: &CronEntry, fires: &[Timestamp], now: Timestamp) -> Vec<Timestamp> {
    let Some((newest, _)) = fires.split_last() else { return Vec::new() };
    match entry.missed {
        Missed::Skip => Some(*newest).filter(|fire| now - *fire <= ON_TIME).into_iter().collect(),
        Missed::Latest => vec![*newest],
        Missed::All => {
            let most = (entry.bound as usize).max(1);
            fires[fires.len().saturating_sub(most)..].to_vec()
        }
    }
}

/// The job handler that runs calendar entries.
pub struct Fire;

#[async_trait]
impl JobHandler for Fire {
    fn kind(&self) -> JobKind {
        JobKind::Cron
    }

    async fn run(&self, engine: &Engine, fire: &Job) -> Result<Done, JobError> {
        let now = engine.clock.now();
        let mut change_set = ChangeSet::new("calendar", now);
        let entries = engine.calendar().await?;
        let Some(entry) = entries.iter().find(|entry| entry.name == fire.key) else {
            return Ok(change_set.into());
        };
        let times = times(entry)?;
        let (version, mut fired) = read(engine, &entry.name).await?;
        let since = fired.last.unwrap_or(fire.due - TimeDelta::seconds(1));
        let due = times.between(since, now, COUNTED);
        let mut run = chosen(entry, &due, now);
        if let Some(asked) = fired.asked.take() {
            // If the calendar fires at the same time, that run counts as the one asked for.
            if run.is_empty() {
                run.push(asked.at);
            }
            fired.by_hand = Some(asked.at);
        }
        change_set.jobs.extend(run.iter().map(|instant| job(entry, *instant, now)));
        fired.runs += run.len() as u64;
        fired.missed += due.len().saturating_sub(run.len()) as u64;
        fired.last = due.last().copied().or(fired.last);
        change_set.records.push(changed(&entry.name, version, &fired, RecordEvent::CronFired)?);
        Ok(Done { change_sets: vec![change_set], again: times.next_after(now) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(missed: Missed) -> CronEntry {
        CronEntry {
            name: "daily".to_owned(),
            act: CronAct::Digest,
            at: "0 6 * * *".to_owned(),
            zone: chrono_tz::UTC,
            missed,
            bound: 2,
            overlap: false,
        }
    }

    #[test]
    fn missed_fires_follow_the_policy_of_their_entry() {
        let fires: Vec<Timestamp> = (1..=4)
            .map(|day| format!("2025-01-0{day}T06:00:00Z").parse().expect("a time"))
            .collect();
        let late = fires[3] + TimeDelta::hours(2);
        assert!(chosen(&entry(Missed::Skip), &fires, late).is_empty());
        assert_eq!(chosen(&entry(Missed::Skip), &fires, fires[3]), fires[3..]);
        assert_eq!(chosen(&entry(Missed::Latest), &fires, late), fires[3..]);
        assert_eq!(chosen(&entry(Missed::All), &fires, late), fires[2..]);
    }
}
