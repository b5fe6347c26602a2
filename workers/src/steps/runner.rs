//! The runner takes a small batch of due lots, claims it, runs the step and commits. Only then does
//! it acknowledge the hints.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tracing::Instrument as _;
use waybill_shared::broker::Track;
use waybill_shared::causes::with_causes;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::pipeline::StepConfig;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;
use waybill_shared::store::{ChangeSet, Fate, StoreError};
use waybill_shared::trace;

use crate::documents::wake;
use crate::step::{Progress, Step};
use crate::terms;

/// The most lots that are taken together.
const BATCH: usize = 256;

/// Runs `step` on what its queue brings until the broker closes. Urgent lots and the others have
/// separate runners.
pub fn run_step(
    engine: Engine,
    step: Arc<dyn Step>,
    config: StepConfig,
) -> impl Future<Output = ()> + Send {
    // Announce the queue before any runner starts.
    engine.broker.attend(&config.name.0);
    let mut runners = JoinSet::new();
    for track in [Track::Urgent, Track::Others] {
        runners.spawn(serve(engine.clone(), step.clone(), config.clone(), track));
    }
    async move { drop(runners.join_all().await) }
}

async fn serve(engine: Engine, step: Arc<dyn Step>, config: StepConfig, track: Track) {
    let queue = config.name.0.clone();
    while let Some(taken) = engine.broker.take(&queue, track, BATCH).await {
        let span = tracing::debug_span!("step", step = %config.name, hints = taken.ids.len());
        trace::follow(&span, taken.trace.as_deref());
        if engine.is_stopped(&queue) {
            // The lots stay due, for other workers or for later.
            engine.broker.acknowledge(taken);
            engine.until_goes_on(&queue).await;
            continue;
        }
        let done = batch(&engine, &step, &config, &taken.ids).instrument(span).await;
        if let Err(error) = done {
            tracing::error!(step = %config.name, error = &error as &dyn std::error::Error,
                "a batch could not be committed; it will be tried again");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        engine.broker.acknowledge(taken);
    }
}

async fn batch(
    engine: &Engine,
    step: &Arc<dyn Step>,
    config: &StepConfig,
    ids: &[i64],
) -> Result<(), StoreError> {
    let (now, began) = (engine.clock.now(), Instant::now());
    let claims = engine.store.claim_lots(step.name(), ids, now);
    let claim = claims.instrument(tracing::debug_span!("claim")).await?;
    let mut claim = claim;
    // A lot must not be decided by a pipeline version that this process does not know.
    if claim.lots.iter().any(|lot| lot.pipeline > engine.pipeline_version()) {
        engine.learn_versions().await?;
        claim.lots.retain(|lot| lot.pipeline <= engine.pipeline_version());
        if claim.lots.is_empty() {
            engine.store.release(claim.lease);
            return Ok(());
        }
    }
    if claim.lots.is_empty() {
        return Ok(());
    }
    let (raises, lots): (Vec<Lot>, Vec<Lot>) = claim.lots.into_iter().partition(terms::is_raise);
    let mut done: Vec<Progress> = raises.into_iter().map(terms::not_raised).collect();
    match attempt(engine, step, config, lots.clone()).await {
        Ok(more) => done.extend(more),
        // One of the lots is the cause, so try each alone.
        Err(_) if lots.len() > 1 => {
            for lot in lots {
                let alone = attempt(engine, step, config, vec![lot.clone()]).await;
                done.extend(alone.unwrap_or_else(|fault| vec![failed(config, lot, fault)]));
            }
        }
        Err(fault) => {
            done.extend(lots.into_iter().map(|lot| failed(config, lot, fault.clone())));
        }
    }
    let mut change_sets = change_sets(engine, config, done);
    for change_set in &mut change_sets {
        wake(engine, change_set).await?;
    }
    let (step, lots) = (step.name(), change_sets.len());
    let commits = engine.commit(change_sets, Some(claim.lease));
    let fates = commits.instrument(tracing::debug_span!("commit", lots)).await?;
    let done = fates.iter().filter(|fate| **fate == Fate::Committed).count();
    engine.metrics.batch(step, lots, began.elapsed());
    engine.metrics.ran(step, "committed", done as u64);
    engine.metrics.ran(step, "dropped", (lots - done) as u64);
    Ok(())
}

/// Makes one attempt on its own task, so that a panic or a hang ends only this attempt.
async fn attempt(
    engine: &Engine,
    step: &Arc<dyn Step>,
    config: &StepConfig,
    lots: Vec<Lot>,
) -> Result<Vec<Progress>, Fault> {
    if lots.is_empty() {
        return Ok(Vec::new());
    }
    let (engine, step) = (engine.clone(), step.clone());
    let runs = async move { step.run(&engine, lots).await };
    let mut task = tokio::spawn(runs.instrument(tracing::debug_span!("run")));
    match tokio::time::timeout(Duration::from_secs(config.timeout_s), &mut task).await {
        Ok(Ok(Ok(done))) => Ok(done),
        Ok(Ok(Err(error))) => Err(Fault { cause: error.to_string(), why: with_causes(&error) }),
        Ok(Err(_)) => Err(Fault::of(format!("step {} panicked", config.name))),
        Err(_) => {
            task.abort();
            let cause = format!("step {} took longer than {} s", config.name, config.timeout_s);
            Err(Fault::of(cause))
        }
    }
}

#[derive(Debug, Clone)]
struct Fault {
    /// The immediate cause, by which failed lots are grouped into an incident.
    cause: String,
    /// The cause with everything that led to it.
    why: String,
}

impl Fault {
    fn of(cause: String) -> Self {
        Self { why: cause.clone(), cause }
    }
}

fn failed(config: &StepConfig, lot: Lot, Fault { cause, why }: Fault) -> Progress {
    tracing::warn!(lot = %lot.id, step = %config.name, why, "an attempt failed");
    let mut progress = Progress::new(lot, StepResult::Retry { cause }, LotEvent::AttemptFailed);
    progress.after.because(ReasonCode::AttemptFailed, why);
    progress
}

fn change_sets(engine: &Engine, config: &StepConfig, done: Vec<Progress>) -> Vec<ChangeSet> {
    let now = engine.clock.now();
    let decided = done.into_iter().filter_map(|mut progress| {
        let (before, mut after) = (progress.before, progress.after);
        if progress.kind != LotEvent::AttemptFailed
            && after.reason_code() == Some(ReasonCode::AttemptFailed)
        {
            after.without_reason();
        }
        let advanced = engine.advance(before.clone(), after, progress.result, progress.kind);
        let change = match advanced {
            Ok(change) => change,
            Err(error) => {
                let id = before.id;
                tracing::error!(lot = %id, %error, "a step's result does not fit");
                // The step's own changes are dropped: an operator has to look at the pipeline.
                let cause = StepResult::Park { cause: error.to_string() };
                let parked =
                    engine.advance(before.clone(), before, cause, LotEvent::Parked).ok()?;
                return Some(ChangeSet::new(&config.name.0, now).lot(parked));
            }
        };
        let mut change_set = ChangeSet::new(&config.name.0, now);
        change_set.lots.push(change);
        change_set.lots.append(&mut progress.with);
        change_set.records = progress.records;
        change_set.jobs = progress.jobs;
        Some(change_set)
    });
    decided.collect()
}
