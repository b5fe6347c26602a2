//! Job handlers, and the runner that gives them their jobs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use crate::broker::Track;
use crate::causes::with_causes;
use crate::domain::kinds::{JobKind, RecordEvent, RecordKind};
use crate::domain::limit::Limit;
use crate::domain::retry::RetryPolicy;
use crate::domain::transition::UnknownVersion;
use crate::engine::Engine;
use crate::store::{ChangeSet, Fate, Job, RecordChange, StoreError};
use crate::trace;

/// Why a job could not be done. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error("the store could not be read")]
    Store(#[from] StoreError),
    /// Something outside could not be reached.
    #[error("{what}")]
    Outside {
        what: String,
        #[source]
        source: Option<std::io::Error>,
    },
    /// The job, or what it is about, is invalid.
    #[error("{0}")]
    Invalid(String),
}

impl From<UnknownVersion> for JobError {
    fn from(unknown: UnknownVersion) -> Self {
        Self::Store(unknown.into())
    }
}

/// What a job handler wants to store.
#[derive(Debug, Default)]
pub struct Done {
    /// They commit one by one. The job ends when all have committed.
    pub change_sets: Vec<ChangeSet>,
    /// When to run again; `None` if the job is done.
    pub again: Option<crate::domain::lot::Timestamp>,
}

impl Done {
    /// Nothing for now, because the receiver is paused.
    #[must_use]
    pub fn paused(engine: &Engine) -> Self {
        Self { change_sets: Vec::new(), again: Some(engine.clock.now() + PAUSED) }
    }
}

/// How long to wait before looking again at a job whose receiver is paused.
const PAUSED: chrono::TimeDelta = chrono::TimeDelta::seconds(15);

impl From<ChangeSet> for Done {
    fn from(change_set: ChangeSet) -> Self {
        Self { change_sets: vec![change_set], again: None }
    }
}

/// Does the jobs of one kind.
#[async_trait]
pub trait JobHandler: Send + Sync {
    /// The kind of job, which is also the name of its queue.
    fn kind(&self) -> JobKind;

    /// How many jobs with the same body may run at once in all processes, and how quickly they may start. `None` means
    /// no limit.
    fn limit(&self, _: &Engine) -> Option<Limit> {
        None
    }

    /// How many jobs of this kind a process may run at once, apart from that limit.
    fn at_once(&self) -> usize {
        2
    }

    /// Does `job`.
    ///
    /// # Errors
    /// [`JobError`] if it could not be done now.
    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError>;
}

/// How many jobs beyond the limit are looked at again each second.
const PUT_OFF: i64 = 100;

/// After this many conflicts with other writers, a job waits for its next attempt.
const CONFLICTS: u32 = 5;

/// Something that an operator has to look at: parked subjects with one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The cause that the subjects share.
    pub cause: String,
    /// What is parked: jobs by kind and key, lots and orders by id.
    pub subjects: Vec<String>,
    /// The job that was given up, so that it can be replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<GivenUp>,
    /// What was done about it; `None` while the incident is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<String>,
}

/// A job that used up its attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    pub kind: String,
    pub key: String,
    /// The job handler's parameters.
    pub body: String,
}

/// Runs `handler` on the jobs of its queue until the broker closes.
pub fn run_jobs(engine: Engine, handler: Arc<dyn JobHandler>) -> impl Future<Output = ()> + Send {
    let queue: Arc<str> = handler.kind().name().into();
    // Attends before the returned future runs, so that the broker knows the queue from the start.
    engine.broker.attend(&queue);
    serve(engine, handler, queue)
}

async fn serve(engine: Engine, handler: Arc<dyn JobHandler>, queue: Arc<str>) {
    while let Some(taken) = engine.broker.take(&queue, Track::All, 1).await {
        // With virtual time there is nothing outside to protect, so the limit does not apply.
        let limit = handler.limit(&engine).filter(|_| !engine.clock.is_virtual());
        if engine.is_stopped(&queue) {
            // The jobs stay due, for other processes or for later.
            engine.broker.acknowledge(taken);
            engine.until_goes_on(&queue).await;
            continue;
        }
        let span =
            tracing::debug_span!("jobs", kind = handler.kind().name(), hints = taken.ids.len());
        trace::follow(&span, taken.trace.as_deref());
        let done = async {
            match limit {
                None => all(&engine, &handler, &taken.ids).await,
                Some(limit) => within(&engine, &handler, taken.ids.clone(), limit).await,
            }
        };
        let done = done.instrument(span).await;
        if let Err(error) = done {
            tracing::error!(error = &error as &dyn std::error::Error, "could not claim a job");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        engine.broker.acknowledge(taken);
    }
}

async fn all(
    engine: &Engine,
    handler: &Arc<dyn JobHandler>,
    ids: &[i64],
) -> Result<(), StoreError> {
    let jobs = engine.store.claim_jobs(handler.kind(), ids, engine.clock.now()).await?;
    let run = async |job: Job| {
        one(engine, handler, &job).await;
        engine.store.let_go(&job);
    };
    // Most jobs run one after the other, because their hints came together.
    let at_once = if handler.at_once() > 2 { handler.at_once() } else { 1 };
    futures_util::stream::iter(jobs).for_each_concurrent(at_once, run).await;
    Ok(())
}

/// Runs the jobs that stay within the limit, one at a time, and puts off the others. The more jobs wait, the longer
/// they are put off.
async fn within(
    engine: &Engine,
    handler: &Arc<dyn JobHandler>,
    mut ids: Vec<i64>,
    limit: Limit,
) -> Result<(), StoreError> {
    let (kind, store) = (handler.kind(), &engine.store);
    while let Some(job) = store.claim_job_within(kind, &ids, engine.clock.now(), limit).await? {
        one(engine, handler, &job).await;
        store.let_go(&job);
        ids.retain(|id| *id != job.id);
    }
    let now = engine.clock.now();
    let left = store.free_jobs(kind, &ids, now).await?;
    if left.is_empty() {
        return Ok(());
    }
    let waiting = store.job_counts().await?.into_iter().find(|(counted, _)| counted == kind.name());
    let seconds = waiting.map_or(1, |(_, jobs)| jobs / PUT_OFF).clamp(1, 60);
    let put_off = |job: &Job| {
        // Spread, so that they do not all return at once.
        let draw = (job.id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let millis = i64::try_from(draw).unwrap_or(0) % (2_000 * seconds);
        let due = now + chrono::TimeDelta::milliseconds(100 + millis);
        let mut change_set = ChangeSet::new("scheduler", now);
        change_set.job = Some(job.becomes(Some((due, job.attempt))));
        change_set
    };
    engine.commit(left.iter().map(put_off).collect(), None).await.map(drop)
}

async fn one(engine: &Engine, handler: &Arc<dyn JobHandler>, job: &Job) {
    let span = tracing::debug_span!("job", kind = job.kind, key = job.key, attempt = job.attempt);
    let Failed { cause, is_passing } = match attempt(engine, handler, job).instrument(span).await {
        Ok(()) => return engine.metrics.ran(&job.kind, "committed", 1),
        Err(failed) => failed,
    };
    engine.metrics.ran(&job.kind, "failed", 1);
    tracing::warn!(kind = job.kind, key = job.key, attempt = job.attempt, cause, "a job failed");
    let now = engine.clock.now();
    let mut change_set = ChangeSet::new("scheduler", now);
    let draw = (job.id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let policy = RetryPolicy::default();
    // A failure of the database does not count as an attempt. The job is repeated until the database is well.
    let (attempt, next) = match is_passing {
        true => (job.attempt.min(policy.attempts - 1), job.attempt),
        false => (job.attempt, job.attempt + 1),
    };
    let again = policy.delay(attempt, draw);
    change_set.job = Some(job.becomes(again.map(|delay| {
        let delay = chrono::TimeDelta::from_std(delay).unwrap_or(chrono::TimeDelta::MAX);
        (now + delay, next)
    })));
    if again.is_none() {
        let subjects = vec![format!("{}:{}", job.kind, job.key)];
        let id = format!("{}:{}:{}", job.kind, job.key, job.id);
        // A job that was requested again while it failed may fail with the same incident again.
        let known = match engine.store.record(RecordKind::Incident, &id).await {
            Ok(known) => known,
            Err(error) => return stays_due(&error).await,
        };
        let (kind, key, body) = (job.kind.clone(), job.key.clone(), job.body.clone());
        let job = Some(GivenUp { kind, key, body });
        match serde_json::to_string(&Incident { cause, subjects, job, closed: None }) {
            Ok(body) => change_set.records.push(RecordChange {
                kind: RecordKind::Incident,
                id,
                expected: known.map_or(0, |known| known.version),
                body,
                event: RecordEvent::IncidentOpened,
            }),
            Err(error) => tracing::error!(%error, "an incident could not be written"),
        }
    }
    if let Err(error) = engine.commit(vec![change_set], None).await {
        stays_due(&error).await;
    }
}

async fn stays_due(error: &StoreError) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a failed job could not be postponed; it stays due"
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Why an attempt failed.
struct Failed {
    cause: String,
    /// The database failed, and will work again by itself.
    is_passing: bool,
}

impl Failed {
    fn of(error: &dyn std::error::Error, is_passing: bool) -> Self {
        Self { cause: with_causes(error), is_passing }
    }
}

impl From<JobError> for Failed {
    fn from(error: JobError) -> Self {
        let is_passing = matches!(&error, JobError::Store(source) if source.is_passing());
        Self::of(&error, is_passing)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::of(&error, error.is_passing())
    }
}

impl From<String> for Failed {
    fn from(cause: String) -> Self {
        Self { cause, is_passing: false }
    }
}

/// Runs and commits one attempt. After a conflict with another writer, the handler decides again at once.
async fn attempt(engine: &Engine, handler: &Arc<dyn JobHandler>, job: &Job) -> Result<(), Failed> {
    for _ in 0..CONFLICTS {
        // Pipeline versions that were added meanwhile apply.
        engine.learn_versions().await?;
        // A separate task, so that a panic ends only this attempt.
        let task = {
            let (engine, handler, job) = (engine.clone(), handler.clone(), job.clone());
            tokio::spawn(async move { handler.run(&engine, &job).await })
        };
        let done = match task.await {
            Ok(done) => done?,
            Err(_) => return Err(format!("{} panicked", job.kind).into()),
        };
        let ends = job.becomes(done.again.map(|due| (due, 1)));
        let mut change_sets = done.change_sets;
        let is_one = change_sets.len() == 1;
        if is_one {
            change_sets[0].job = Some(ends.clone());
        }
        let fates = engine.commit(change_sets, None).await?;
        if let Some(Fate::Refused { rule }) =
            fates.iter().find(|f| matches!(f, Fate::Refused { .. }))
            && is_one
        {
            return Err(rule.clone().into());
        }
        if fates.iter().any(|fate| *fate != Fate::Committed) {
            continue;
        }
        if !is_one {
            let mut last = ChangeSet::new("scheduler", engine.clock.now());
            last.job = Some(ends);
            engine.commit(vec![last], None).await?;
        }
        return Ok(());
    }
    Err("others kept changing the same data".to_owned().into())
}
