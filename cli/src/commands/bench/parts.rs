//! One part of a benchmark over several processes: the scheduler, a worker, or the part that
//! submits. Each writes its evidence to files of its own in a shared folder. `.sub` and `.done`
//! contain records of 16 bytes: a lot's number from 1 as u64, and Unix seconds as f64, both little
//! endian. `.cnt` contains how often each of the four steps ran, as u64 each.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::broadcast;
use tokio::task::JoinSet;
use waybill_shared::clock::Clock;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::StepKind;
use waybill_shared::engine::Committed;
use waybill_workers::Step;
use waybill_workers::steps::{Counted, Trivial};

use super::load::Offered;
use super::{load, pipeline};
use crate::args::{self, Part, Workload};
use crate::commands::roles::until_told;
use crate::failure::Failure;
use crate::service::{Role, Service};
use crate::signals::Signals;
use crate::stating::Stating;
use crate::target::{BrokerUrl, StoreUrl, Target};

/// How often to check whether the part can begin.
const LOOK: Duration = Duration::from_millis(2);

/// The folder for evidence.
#[derive(Debug, Clone)]
struct Evidence {
    folder: PathBuf,
}

impl Evidence {
    fn file(&self, kind: &str) -> Result<File, Failure> {
        let path = self.folder.join(format!("p{}.{kind}", std::process::id()));
        File::options()
            .create(true)
            .append(kind != "cnt")
            .write(true)
            .open(path)
            .map_err(Failure::ours)
    }

    /// Reports that this part is ready.
    fn is_ready(&self, part: &str) -> Result<(), Failure> {
        let path = self.folder.join(format!("{part}-ready-{}", std::process::id()));
        File::create(path).map(drop).map_err(Failure::ours)
    }
}

fn record(lot: i64) -> [u8; 16] {
    let mut record = [0; 16];
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    record[..8].copy_from_slice(&LotId(lot).line().0.to_le_bytes());
    record[8..].copy_from_slice(&now.as_secs_f64().to_le_bytes());
    record
}

/// Runs one part until SIGTERM.
pub(super) async fn run(arguments: &args::Bench, part: Part, folder: &Path) -> Result<(), Failure> {
    let evidence = Evidence { folder: folder.to_owned() };
    let mut target = Target::folder(folder);
    target.store = StoreUrl::parse(arguments.store.as_deref().unwrap_or_default())?;
    target.broker = BrokerUrl::parse(&arguments.broker)?;
    target.check()?;
    let workload = arguments.workload;
    match part {
        Part::Scheduler => scheduler(&target, workload, &evidence).await,
        Part::Worker => worker(&target, arguments, &evidence).await,
        Part::Submit => submit(&target, arguments, &evidence).await,
    }
}

async fn scheduler(
    target: &Target,
    workload: Workload,
    evidence: &Evidence,
) -> Result<(), Failure> {
    let mut service =
        Service::open(target, Clock::Real, Some(Stating::again(pipeline(workload)))).await?;
    let role = Role::Scheduler;
    let relay = match workload {
        Workload::W4 => service.start_with(&role, &[], &[]).await?,
        Workload::Pipeline => {
            load::coalition(&service.engine).await?;
            service.start(&role).await?
        }
    };
    let told = Signals::listen()?;
    evidence.is_ready("scheduler")?;
    until_told(service, relay, &role, JoinSet::new(), told, None).await
}

async fn worker(
    target: &Target,
    arguments: &args::Bench,
    evidence: &Evidence,
) -> Result<(), Failure> {
    let mut service = Service::open(target, Clock::Real, None).await?;
    let role = Role::Worker { steps: Vec::new(), concurrency: arguments.workers };
    let (counts, done) = (evidence.file("cnt")?, evidence.file("done")?);
    let steps: Vec<Arc<dyn Step>> = match arguments.workload {
        Workload::W4 => {
            let trivial = |name: &&'static str| Arc::new(Trivial::new(name)) as Arc<dyn Step>;
            StepKind::NAMES.iter().map(trivial).collect()
        }
        Workload::Pipeline => service.steps()?,
    };
    let steps: Vec<Counted> = steps.into_iter().map(Counted::new).collect();
    let mut beside = JoinSet::new();
    beside.spawn(watch(service.engine.commits(), steps.clone(), counts, done));
    let steps: Vec<Arc<dyn Step>> =
        steps.into_iter().map(|step| Arc::new(step) as Arc<dyn Step>).collect();
    let acts = match arguments.workload {
        Workload::W4 => Vec::new(),
        Workload::Pipeline => service.handlers()?,
    };
    let relay = service.start_with(&role, &steps, &acts).await?;
    let told = Signals::listen()?;
    let (broker, ready) = (service.engine.broker.clone(), evidence.clone());
    beside.spawn(async move {
        while !broker.is_ready() {
            tokio::time::sleep(LOOK).await;
        }
        if let Err(failure) = ready.is_ready("worker") {
            tracing::error!(?failure, "evidence could not be written");
        }
    });
    until_told(service, relay, &role, beside, told, None).await
}

/// Writes which lots were closed by durable commits, and how often each step ran.
async fn watch(
    mut commits: broadcast::Receiver<Committed>,
    steps: Vec<Counted>,
    counts: File,
    mut done: File,
) {
    // A missed commit leaves no evidence, so the benchmark fails.
    while let Ok(committed) = commits.recv().await {
        let runs: Vec<u8> = steps.iter().flat_map(|step| step.runs().to_le_bytes()).collect();
        let records: Vec<u8> = committed.closed.iter().flat_map(|lot| record(*lot)).collect();
        let written = counts.write_all_at(&runs, 0).and_then(|()| done.write_all(&records));
        if let Err(error) = written {
            tracing::error!(%error, "evidence could not be written");
            return;
        }
    }
}

async fn submit(
    target: &Target,
    arguments: &args::Bench,
    evidence: &Evidence,
) -> Result<(), Failure> {
    let mut service = Service::open(target, Clock::Real, None).await?;
    // This process runs no steps: no step has an empty name.
    let role = Role::Worker { steps: vec![String::new()], concurrency: None };
    let relay = service.start_with(&role, &[], &[]).await?;
    let mut submitted = evidence.file("sub")?;
    let engine = service.engine.clone();
    let mut beside = JoinSet::new();
    let told = Signals::listen()?;
    evidence.is_ready("submit")?;
    while !evidence.folder.join("go").exists() {
        tokio::time::sleep(LOOK).await;
    }
    let offered = Offered::of(arguments);
    let (rate, seconds, lots) = (arguments.rate, arguments.seconds, arguments.lots);
    beside.spawn(async move {
        let mut submits = |lot| submitted.write_all(&record(lot)).map_err(Failure::ours);
        let offered = match rate {
            Some(rate) => load::rate(&engine, offered, rate, seconds, &mut submits).await,
            None => load::burst(&engine, offered, lots.unwrap_or(10_000), &mut submits).await,
        };
        if let Err(failure) = offered {
            tracing::error!(?failure, "not everything could be submitted");
        }
    });
    until_told(service, relay, &role, beside, told, None).await
}
