//! What takes effect on a later day: requisitions, contributions, parts of envelopes.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use waybill_shared::domain::coalition::Settings;
use waybill_shared::domain::contribution::Contribution;
use waybill_shared::domain::kinds::{JobKind, RecordEvent, RecordKind};
use waybill_shared::engine::Engine;
use waybill_shared::intake::file::planned;
use waybill_shared::intake::{Handing, IMPORT, IntakeError, Submitted, contribute_planned, submit};
use waybill_shared::job::{Done, JobError, JobHandler};
use waybill_shared::openings::start_of;
use waybill_shared::store::{ChangeSet, EnvelopeChange, Job, NewJob, RecordChange};

#[derive(Debug, Serialize, Deserialize)]
struct Requisition {
    file: String,
    lines: Vec<Submitted>,
    /// Who planned it. Older versions did not store this.
    #[serde(default = "import")]
    by: String,
}

/// Contributions that wait for their day.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Contributions {
    By {
        by: String,
        contributions: Vec<Contribution>,
    },
    /// The form that older versions stored.
    Bare(Vec<Contribution>),
}

fn import() -> String {
    IMPORT.to_owned()
}

fn invalid(error: impl std::fmt::Display) -> JobError {
    JobError::Invalid(error.to_string())
}

fn taken(outcome: Result<(), IntakeError>) -> Result<(), JobError> {
    match outcome {
        Ok(()) => Ok(()),
        Err(IntakeError::Store(error)) => Err(error.into()),
        Err(other) => Err(invalid(other)),
    }
}

/// Stores a job that submits `lines` of `file` on `day`.
///
/// # Errors
/// [`JobError`] if the job cannot be stored.
pub async fn plan_requisition(
    engine: &Engine,
    actor: &str,
    settings: &Settings,
    file: &str,
    lines: Vec<Submitted>,
    day: NaiveDate,
) -> Result<(), JobError> {
    let body = Requisition { file: file.to_owned(), lines, by: actor.to_owned() };
    let body = serde_json::to_string(&body).map_err(invalid)?;
    plan((engine, actor), settings, JobKind::Requisition, file, body, day).await
}

/// Stores a job that states `contributions` of `file` on `day`.
///
/// # Errors
/// [`JobError`] if the job cannot be stored.
pub async fn plan_contributions(
    engine: &Engine,
    actor: &str,
    settings: &Settings,
    file: &str,
    contributions: &[Contribution],
    day: NaiveDate,
) -> Result<(), JobError> {
    let (by, contributions) = (actor.to_owned(), contributions.to_vec());
    let body = Contributions::By { by, contributions };
    let body = serde_json::to_string(&body).map_err(invalid)?;
    plan((engine, actor), settings, JobKind::Contribution, file, body, day).await
}

async fn plan(
    (engine, actor): (&Engine, &str),
    settings: &Settings,
    kind: JobKind,
    file: &str,
    body: String,
    day: NaiveDate,
) -> Result<(), JobError> {
    let mut change_set = ChangeSet::new(actor, engine.clock.now());
    let due = start_of(day, settings.zone);
    // Files planned for other days may have the same name.
    let key = format!("{file}@{day}");
    change_set.records.extend(waits(engine, kind, &key, true).await?);
    change_set.jobs.push(NewJob { kind, key, due, body });
    engine.commit(vec![change_set], None).await?;
    Ok(())
}

/// The record change that says whether the planned file `key` still waits for its day. `None` if
/// the record already says so.
async fn waits(
    engine: &Engine,
    kind: JobKind,
    key: &str,
    waits: bool,
) -> Result<Option<RecordChange>, JobError> {
    let id = format!("{kind}:{key}");
    let record = engine.store.record(RecordKind::Planned, &id).await?;
    let body = planned(waits);
    if record.as_ref().is_some_and(|record| record.body == body) {
        return Ok(None);
    }
    let expected = record.map_or(0, |record| record.version);
    let event = if waits { RecordEvent::FilePlanned } else { RecordEvent::FilePlanDone };
    Ok(Some(RecordChange { kind: RecordKind::Planned, id, expected, body, event }))
}

/// Records that a planned file was submitted.
async fn done(engine: &Engine, actor: &str, kind: JobKind, key: &str) -> Result<Done, JobError> {
    let mut change_set = ChangeSet::new(actor, engine.clock.now());
    change_set.records.extend(waits(engine, kind, key, false).await?);
    Ok(change_set.into())
}

/// Submits planned requisitions. Submitting the same lines again changes nothing, so a repeat does
/// no harm.
struct SubmitRequisition;

#[async_trait]
impl JobHandler for SubmitRequisition {
    fn kind(&self) -> JobKind {
        JobKind::Requisition
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError> {
        let planned: Requisition = serde_json::from_str(&job.body).map_err(invalid)?;
        let handing = Handing::plan(&planned.by, &planned.file);
        taken(submit(engine, handing, &planned.lines).await.map(drop))?;
        done(engine, &planned.by, self.kind(), &job.key).await
    }
}

/// States planned contributions.
struct StateContributions;

#[async_trait]
impl JobHandler for StateContributions {
    fn kind(&self) -> JobKind {
        JobKind::Contribution
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError> {
        let (by, planned) = match serde_json::from_str(&job.body).map_err(invalid)? {
            Contributions::By { by, contributions } => (by, contributions),
            Contributions::Bare(contributions) => (import(), contributions),
        };
        taken(contribute_planned(engine, &by, &planned).await)?;
        done(engine, &by, self.kind(), &job.key).await
    }
}

/// Opens the part of an envelope that becomes usable today.
struct Open;

#[async_trait]
impl JobHandler for Open {
    fn kind(&self) -> JobKind {
        JobKind::Opening
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError> {
        let now = engine.clock.now();
        let mut change_set = ChangeSet::new("calendar", now);
        let coalition = engine.coalition().await?;
        let today = engine.today(&coalition);
        let rows = engine.store.envelopes().await?;
        let row = rows.into_iter().find(|row| row.id == job.body);
        let contribution = coalition.contributions.get(&job.body);
        let (Some(row), Some(contribution)) = (row, contribution) else {
            return Ok(change_set.into());
        };
        let more = contribution.opened(today) - row.opened;
        let has_lapsed = contribution.obligate_by.is_some_and(|last| last < today);
        if more > 0 && !has_lapsed {
            change_set.envelopes.push(EnvelopeChange {
                id: row.id,
                expected: row.version,
                currency: row.currency,
                committed: 0,
                opened: more,
                expired: 0,
            });
            change_set.jobs.push(NewJob::round(now));
        }
        Ok(change_set.into())
    }
}

/// All job handlers of the scheduler.
#[must_use]
pub fn registry() -> Vec<Arc<dyn JobHandler>> {
    JobKind::ALL.iter().filter_map(|kind| act(*kind)).collect()
}

/// The handler of jobs of `kind`, or `None` if workers handle them.
fn act(kind: JobKind) -> Option<Arc<dyn JobHandler>> {
    Some(match kind {
        JobKind::Contribution => Arc::new(StateContributions),
        JobKind::Opening => Arc::new(Open),
        JobKind::Requisition => Arc::new(SubmitRequisition),
        JobKind::Cron => Arc::new(crate::calendar::Fire),
        JobKind::Document
        | JobKind::Lapse
        | JobKind::Round
        | JobKind::Gather
        | JobKind::Send
        | JobKind::Tell
        | JobKind::Chase
        | JobKind::Digest
        | JobKind::Webhook => return None,
    })
}
