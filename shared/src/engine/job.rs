//! Acts: what jobs of a kind do, and the runner that takes them.

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

/// Why an act could not be done; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[from] StoreError),
    /// The outside could not be reached.
    #[error("{what}")]
    Outside {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: Option<std::io::Error>,
    },
    /// The job or what it is about makes no sense.
    #[error("{0}")]
    Invalid(String),
}

impl From<UnknownVersion> for JobError {
    fn from(unknown: UnknownVersion) -> Self {
        Self::Store(unknown.into())
    }
}

/// What an act wants stored.
#[derive(Debug, Default)]
pub struct Done {
    /// Changes that commit one by one; the job ends when all have.
    pub change_sets: Vec<ChangeSet>,
    /// When to run again; none: the job is done.
    pub again: Option<crate::domain::lot::Timestamp>,
}

impl Done {
    /// Nothing for now: those whom it is for are paused.
    #[must_use]
    pub fn paused(engine: &Engine) -> Self {
        Self { change_sets: Vec::new(), again: Some(engine.clock.now() + PAUSED) }
    }
}

/// How long what is for somebody who is paused is left alone.
const PAUSED: chrono::TimeDelta = chrono::TimeDelta::seconds(15);

impl From<ChangeSet> for Done {
    fn from(change_set: ChangeSet) -> Self {
        Self { change_sets: vec![change_set], again: None }
    }
}

/// What jobs of one kind do.
#[async_trait]
pub trait JobHandler: Send + Sync {
    /// The kind of job, which is its queue.
    fn kind(&self) -> JobKind;

    /// How many of its jobs may be under way at once, and how fast they may begin, for each body
    /// that they have.
    fn limit(&self, _: &Engine) -> Option<Limit> {
        None
    }

    /// How many of its jobs a process may have under way at once, apart from that limit.
    fn at_once(&self) -> usize {
        2
    }

    /// Does `job`.
    ///
    /// # Errors
    /// [`JobError`] if it could not be done now.
    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError>;
}

/// Jobs for which there is no room are looked at so often in a second.
const PUT_OFF: i64 = 100;

/// Conflicts with other writers after which a job waits for its next attempt.
const CONFLICTS: u32 = 5;

/// Something that an operator has to look at: parked subjects with one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The cause they share.
    pub cause: String,
    /// What is parked: jobs by kind and key, lots and orders by id.
    pub subjects: Vec<String>,
    /// The job that was given up, to be replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<GivenUp>,
    /// What was done about it, by whom ever closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<String>,
}

/// A job that failed as often as it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// What the kind needs to know.
    pub body: String,
}

/// Runs `act` on what its queue brings, until the broker closes.
pub fn run_jobs(engine: Engine, handler: Arc<dyn JobHandler>) -> impl Future<Output = ()> + Send {
    let queue: Arc<str> = handler.kind().name().into();
    // Known before anything runs.
    engine.broker.attend(&queue);
    serve(engine, handler, queue)
}

async fn serve(engine: Engine, handler: Arc<dyn JobHandler>, queue: Arc<str>) {
    while let Some(taken) = engine.broker.take(&queue, Track::All, 1).await {
        // Virtual time does not wait for the outside.
        let limit = handler.limit(&engine).filter(|_| !engine.clock.is_virtual());
        if engine.is_stopped(&queue) {
            // They stay due, for others or for later.
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
    // Most jobs go one after the other, as their hints came together.
    let at_once = if handler.at_once() > 2 { handler.at_once() } else { 1 };
    futures_util::stream::iter(jobs).for_each_concurrent(at_once, run).await;
    Ok(())
}

/// Runs those for which there is room, one at a time, and puts the others off: the longer, the more
/// of them wait.
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
        // Spread, so that they do not come back together.
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
    // What the database did not do is no attempt of the job: it is tried until the database is well.
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
        // A job that was asked for again while it failed may fail once more.
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
        "a failed job could not be put off; it stays due"
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Why an attempt failed.
struct Failed {
    cause: String,
    /// The database could not do it, and will be able to.
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

/// Runs and commits one attempt; conflicts with other writers are decided again at once.
async fn attempt(engine: &Engine, handler: &Arc<dyn JobHandler>, job: &Job) -> Result<(), Failed> {
    for _ in 0..CONFLICTS {
        // What was stated meanwhile holds.
        engine.learn_versions().await?;
        // A task of its own, so that a panic ends only this attempt.
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
    Err("other writers kept changing what it is about".to_owned().into())
}
