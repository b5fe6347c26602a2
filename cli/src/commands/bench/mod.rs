//! `waybill bench`: measures throughput and latency of the engine on this machine's disk.
//!
//! `w4` is only the engine: four trivial steps, each durable before the next begins. `pipeline` is
//! the real pipeline with a sandbox that answers at once. The benchmark fails if a lot is lost or a
//! step runs twice.

mod load;
mod measure;
mod parts;
mod raw;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use waybill_shared::clock::Clock;
use waybill_shared::domain::kinds::StepKind;
use waybill_shared::domain::pipeline::{ConnectorConfig, OrderPolicy, Pipeline, SandboxConfig};
use waybill_shared::engine::Engine;
use waybill_shared::job::JobHandler;
use waybill_workers::Step;
use waybill_workers::steps::{Counted, Trivial};

use self::measure::{Latencies, Meter};
use crate::args::{self, Workload};
use crate::failure::Failure;
use crate::output;
use crate::service::{Role, Service};
use crate::stating::Stating;
use crate::target::{BrokerUrl, StoreUrl, Target};

/// The results.
#[derive(Debug, Serialize)]
struct Measured {
    workload: &'static str,
    lots: i64,
    wall_s: f64,
    lots_per_s: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    cpu_s_per_1000: f64,
    bytes_per_lot: u64,
    rss_mib: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_updates_per_s: Option<f64>,
}

/// Measures, prints, and fails if a lot was lost or a step ran twice.
pub(crate) async fn run(arguments: args::Bench) -> Result<(), Failure> {
    if let (Some(part), Some(folder)) = (arguments.part, &arguments.evidence) {
        return parts::run(&arguments, part, folder).await;
    }
    let temporary = std::env::temp_dir().join(format!("waybill-bench-{}", std::process::id()));
    let (folder, is_temporary) = match arguments.store.as_deref().map(StoreUrl::parse) {
        Some(Ok(StoreUrl::Sqlite(path))) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            (parent.map_or_else(|| PathBuf::from("."), ToOwned::to_owned), false)
        }
        Some(Err(failure)) => return Err(failure),
        Some(Ok(StoreUrl::Postgres(_))) | None => (temporary, true),
    };
    std::fs::create_dir_all(&folder).map_err(Failure::ours)?;
    let outcome = measure(&arguments, &folder.join("bench")).await;
    std::fs::remove_dir_all(folder.join("bench")).ok();
    if is_temporary {
        std::fs::remove_dir(&folder).ok();
    }
    let (measured, wrong) = outcome?;
    if arguments.json {
        output::json_line(&measured)?;
    } else {
        output::data(&text(&measured))?;
    }
    match wrong {
        None => Ok(()),
        Some(wrong) => Err(Failure::ours(anyhow::anyhow!(wrong))),
    }
}

fn text(measured: &Measured) -> String {
    let time = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2}"));
    let mut text = format!(
        "{}: {} lots in {:.2} s, {:.0} lots/s\n  p50 {} ms, p99 {} ms\n  {:.3} CPU-s and {} KiB \
         written per 1,000 lots, {} MiB resident\n",
        measured.workload,
        measured.lots,
        measured.wall_s,
        measured.lots_per_s,
        time(measured.p50_ms),
        time(measured.p99_ms),
        measured.cpu_s_per_1000,
        measured.bytes_per_lot * 1000 / 1024,
        measured.rss_mib,
    );
    if let Some(raw) = measured.raw_updates_per_s {
        text.push_str(&format!("  raw updates in batches of 100 on this disk: {raw:.0} rows/s\n"));
    }
    text
}

fn pipeline(workload: Workload) -> Pipeline {
    let mut pipeline = Pipeline::of(StepKind::NAMES);
    if workload == Workload::Pipeline {
        pipeline.match_donor.round_delay_ms = 20;
        pipeline.issue_order = OrderPolicy { gather_s: 0, lines: 250, ..OrderPolicy::default() };
        let nothing = SandboxConfig {
            day_ms: 0,
            declined: 0,
            refused: 0,
            changed: 0,
            late: 0,
            short: 0,
            rejected: 0,
            over: 0,
            ..SandboxConfig::default()
        };
        pipeline.connector = ConnectorConfig::Sandbox(nothing);
    }
    pipeline
}

async fn measure(
    arguments: &args::Bench,
    folder: &std::path::Path,
) -> Result<(Measured, Option<String>), Failure> {
    let raw = if arguments.raw { Some(raw::updates_per_s(folder).await?) } else { None };
    let workload = arguments.workload;
    let mut target = Target::folder(folder);
    if let Some(url) = &arguments.store
        && let postgres @ StoreUrl::Postgres(_) = StoreUrl::parse(url)?
    {
        target.store = postgres;
    }
    target.broker = BrokerUrl::parse(&arguments.broker)?;
    target.check()?;
    let mut service =
        Service::open(&target, Clock::Real, Some(Stating::again(pipeline(workload)))).await?;
    let engine = service.engine.clone();
    let latencies = Arc::new(Latencies::default());
    let counted = |name: &&'static str| Counted::new(Arc::new(Trivial::new(name)));
    let steps: Vec<Counted> = StepKind::NAMES.iter().map(counted).collect();
    let relay = match workload {
        Workload::W4 => {
            let trivial: Vec<Arc<dyn Step>> =
                steps.iter().cloned().map(|step| Arc::new(step) as Arc<dyn Step>).collect();
            let acts: [Arc<dyn JobHandler>; 0] = [];
            service.start_with(&Role::All(arguments.workers), &trivial, &acts).await?
        }
        Workload::Pipeline => {
            load::coalition(&engine).await?;
            service.start(&Role::All(arguments.workers)).await?
        }
    };
    let relay = tokio::spawn(relay.run());
    let seen = engine.commits();
    let watch = tokio::spawn(latencies.clone().watch(seen));
    let meter = Meter::start();
    let offered = load::Offered::of(arguments);
    let mut submits = |lot| {
        latencies.submits(lot);
        Ok(())
    };
    let lots = match (arguments.rate, arguments.lots) {
        (Some(rate), _) => {
            load::rate(&engine, offered, rate, arguments.seconds, &mut submits).await?
        }
        (None, lots) => load::burst(&engine, offered, lots.unwrap_or(10_000), &mut submits).await?,
    };
    latencies.all_closed(lots).await;
    let used = meter.stop();
    let (p50_ms, p99_ms) = latencies.percentiles();
    let measured = Measured {
        workload: if workload == Workload::W4 { "w4" } else { "pipeline" },
        lots,
        wall_s: used.wall_s,
        lots_per_s: lots as f64 / used.wall_s,
        p50_ms,
        p99_ms,
        cpu_s_per_1000: used.cpu_s * 1000.0 / lots as f64,
        bytes_per_lot: used.bytes / lots.unsigned_abs().max(1),
        rss_mib: used.rss_mib,
        raw_updates_per_s: raw,
    };
    let wrong = wrong(&engine, workload, lots, &steps).await?;
    watch.abort();
    relay.abort();
    service.close().await;
    Ok((measured, wrong))
}

/// What went wrong, if anything: each lot must be delivered, and each step must run once.
async fn wrong(
    engine: &Engine,
    workload: Workload,
    lots: i64,
    steps: &[Counted],
) -> Result<Option<String>, Failure> {
    let counts = engine.store.lot_counts().await?;
    let delivered: i64 =
        counts.iter().filter(|count| count.state == "delivered").map(|count| count.lots).sum();
    if delivered != lots {
        return Ok(Some(format!("{delivered} of {lots} lots were delivered: {counts:?}")));
    }
    if workload == Workload::W4 {
        for step in steps {
            if step.runs() != lots.unsigned_abs() {
                return Ok(Some(format!("a step ran {} times for {lots} lots", step.runs())));
            }
        }
    }
    Ok(None)
}
