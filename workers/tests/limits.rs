//! Flow control: over all processes, at most so many jobs of one key are under way at once, and
//! each of them is done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use tokio::time::timeout;
use waybill_scheduler::Relay;
use waybill_shared::broker::{Broker, EmbeddedBroker, RabbitBroker};
use waybill_shared::clock::Clock;
use waybill_shared::domain::kinds::JobKind;
use waybill_shared::domain::limit::Limit;
use waybill_shared::domain::pipeline::Pipeline;
use waybill_shared::engine::Engine;
use waybill_shared::job::{Done, JobError, JobHandler, run_jobs};
use waybill_shared::store::postgres::PostgresStore;
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{ChangeSet, Fate, Job, NewJob, Store, queues};

/// How long everything may take.
const END: Duration = Duration::from_secs(60);

/// Jobs of each key.
const JOBS: usize = 12;

/// What was seen of the jobs of one key.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    running: usize,
    most: usize,
    done: usize,
}

/// Takes a moment, and counts how many of a key do so at once.
#[derive(Debug, Clone, Default)]
struct Sends(Arc<Mutex<HashMap<String, Seen>>>);

impl Sends {
    fn see(&self, key: &str, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(seen.entry(key.to_owned()).or_default());
    }

    fn of(&self, key: &str) -> Seen {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(key).copied().unwrap_or_default()
    }
}

#[async_trait]
impl JobHandler for Sends {
    fn kind(&self) -> JobKind {
        JobKind::Send
    }

    fn limit(&self, _: &Engine) -> Option<Limit> {
        Some(Limit { concurrency: Some(2), per_minute: None })
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError> {
        self.see(&job.body, |seen| {
            seen.running += 1;
            seen.most = seen.most.max(seen.running);
        });
        for _ in 0..20 {
            engine.store.job_counts().await?;
        }
        self.see(&job.body, |seen| {
            seen.running -= 1;
            seen.done += 1;
        });
        Ok(ChangeSet::new("send", engine.clock.now()).into())
    }
}

fn engine(store: Arc<dyn Store>, broker: Arc<dyn Broker>) -> (Engine, Relay) {
    let pipelines = vec![Pipeline::default()];
    let (engine, wakes) = Engine::new(store, broker, Clock::Real, pipelines);
    let relay = Relay::new(engine.clone(), wakes, queues([], [JobKind::Send]));
    (engine, relay)
}

/// Runs the jobs on `engines`, the first of which leads.
async fn holds(engines: Vec<(Engine, Relay)>) -> Result<()> {
    let (sends, mut running) = (Sends::default(), tokio::task::JoinSet::new());
    let first = engines[0].0.clone();
    for (i, (engine, relay)) in engines.into_iter().enumerate() {
        for _ in 0..6 {
            running.spawn(run_jobs(engine.clone(), Arc::new(sends.clone())));
        }
        if i == 0 {
            running.spawn(relay.run());
        } else {
            running.spawn(relay.tell());
        }
    }
    let now = first.clock.now();
    let change_sets = (0..2 * JOBS).map(|i| {
        let (body, key) = (if i < JOBS { "A" } else { "B" }, i.to_string());
        let mut change_set = ChangeSet::new("test", now);
        change_set.jobs.push(NewJob { kind: JobKind::Send, key, due: now, body: body.to_owned() });
        change_set
    });
    let fates = first.commit(change_sets.collect(), None).await?;
    ensure!(fates.iter().all(|fate| *fate == Fate::Committed), "{fates:?}");
    let ends = async {
        while !first.store.job_counts().await?.is_empty() {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    timeout(END, ends).await.map_err(|_| anyhow::anyhow!("not all were sent: {sends:?}"))??;
    for key in ["A", "B"] {
        let seen = sends.of(key);
        ensure!(seen.done == JOBS && (1..=2).contains(&seen.most), "{key}: {seen:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_in_one_process() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Arc::new(SqliteStore::open(&folder.path().join("waybill.sqlite")).await?);
    holds(vec![engine(store, Arc::new(EmbeddedBroker::default()))]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_over_processes() -> Result<()> {
    let (url, broker) = (waybill_services::database()?, waybill_services::broker()?);
    let mut engines = Vec::new();
    for _ in 0..2 {
        let store = Arc::new(PostgresStore::open(&url).await?);
        let broker = RabbitBroker::open(&broker, Arc::default()).await?;
        engines.push(engine(store, Arc::new(broker)));
    }
    holds(engines).await
}
