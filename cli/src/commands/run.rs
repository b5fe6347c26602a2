//! `waybill run DIR`: a coalition's whole history on virtual time.

use std::path::Path;
use std::time::{Duration, Instant};

use waybill_api::ImportCoalition;
use waybill_scheduler::intake::{plan_contributions, plan_requisition};
use waybill_scheduler::{Alone, run_until_idle};
use waybill_shared::clock::Clock;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::pipeline::{ConnectorConfig, Pipeline};
use waybill_shared::intake::{load, start_of};
use waybill_shared::report::{Report, build};

use crate::args;
use crate::commands::import::coalition;
use crate::failure::Failure;
use crate::output;
use crate::report;
use crate::service::{Role, Service, read_pipeline};
use crate::target::Target;

/// Runs, and prints the report.
pub(crate) async fn run(arguments: args::Run) -> Result<(), Failure> {
    let body = coalition(&arguments.dir)?;
    let pipeline = pipeline(&arguments)?;
    if let Some(path) = &arguments.report {
        // Before the run, whose result would be lost.
        std::fs::File::options().create(true).append(true).open(path).map_err(|error| {
            let message = format!("{}: {error}", path.display());
            Failure::caller(message, "name a file that can be written with --report")
        })?;
    }
    let report = match &arguments.data {
        Some(data) => carry(&arguments, data, body, pipeline).await?,
        None => {
            let folder = temporary()?;
            let report = carry(&arguments, &folder, body, pipeline).await;
            if let Err(error) = std::fs::remove_dir_all(&folder) {
                tracing::warn!(%error, folder = %folder.display(), "a temporary folder is left");
            }
            report?
        }
    };
    if let Some(path) = &arguments.report {
        std::fs::write(path, report::html::page(&report))
            .map_err(|error| Failure::caller(format!("{}: {error}", path.display()), ""))?;
        output::talk(&format!("the report is in {}", path.display()));
    }
    if arguments.json {
        return output::json(&report);
    }
    output::data(&report::text::page(&report))?;
    Ok(())
}

fn temporary() -> Result<std::path::PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("waybill-run-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(Failure::ours)?;
    Ok(folder)
}

/// The pipeline of the folder, with the options' seed.
fn pipeline(arguments: &args::Run) -> Result<Pipeline, Failure> {
    let path = arguments.dir.join("pipeline.toml");
    let mut pipeline = if path.exists() { read_pipeline(&path)? } else { Pipeline::default() };
    if let (Some(seed), ConnectorConfig::Sandbox(sandbox)) =
        (arguments.seed, &mut pipeline.connector)
    {
        sandbox.seed = seed;
    }
    // Virtual time gathers by itself: everything of one moment is one round.
    pipeline.match_donor.round_delay_ms = 0;
    Ok(pipeline)
}

/// Where virtual time starts: the coalition's start, or where an earlier run ended.
async fn start(target: &Target, body: &ImportCoalition) -> Result<Timestamp, Failure> {
    let settings = &body.files.settings;
    let start = start_of(settings.start, settings.zone);
    if !target.store.exists() {
        return Ok(start);
    }
    let store = target.store.open().await?;
    let last = store.last_position().await?;
    let event = store.events_after(last - 1, 1).await?.pop();
    store.close().await;
    Ok(event.map_or(start, |event| event.at.max(start)))
}

async fn carry(
    arguments: &args::Run,
    data: &Path,
    body: ImportCoalition,
    pipeline: Pipeline,
) -> Result<Report, Failure> {
    let began = Instant::now();
    let (store, broker) = (arguments.store.as_deref(), arguments.broker.as_deref());
    let target = Target::named(data, store, broker)?;
    let clock = Clock::starting_at(start(&target, &body).await?);
    let mut service = Service::open(&target, clock, Some(pipeline)).await?;
    let (engine, broker) = (service.engine.clone(), service.held()?);
    let Some(alone) = Alone::lead(&engine).await? else {
        let message = "another scheduler leads on this store: virtual time needs it alone";
        return Err(Failure::caller(message, "stop it, or name another store with --store"));
    };
    let settings = body.files.settings.clone();
    load(&engine, &body.files).await.map_err(|error| Failure::caller(error.to_string(), ""))?;
    for (day, file, contributions) in &body.files.later_contributions {
        plan_contributions(&engine, &settings, file, contributions, *day).await?;
    }
    for requisition in body.requisitions {
        let day = requisition.on.unwrap_or(settings.start);
        plan_requisition(&engine, &settings, &requisition.file, requisition.lines, day).await?;
    }
    let mut relay = service.start(&Role::All(arguments.workers)).await?;
    let until = arguments.until.and_then(|day| day.succ_opt());
    let until = until.map(|day| start_of(day, settings.zone));
    let bar = indicatif::ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    let mut progress = |now: Timestamp| bar.set_message(now.format("%Y-%m-%d").to_string());
    run_until_idle(&mut relay, &broker, until, &mut progress).await?;
    bar.finish_and_clear();
    alone.end().await?;
    let report = build(&engine, began.elapsed().as_secs_f64()).await?;
    drop(relay);
    service.close().await;
    Ok(report)
}
