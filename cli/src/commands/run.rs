//! `waybill run DIR`: runs a coalition's whole history on virtual time.

use std::path::Path;
use std::time::{Duration, Instant};

use waybill_api::ImportCoalition;
use waybill_api::run_report::{Report, build};
use waybill_scheduler::intake::{plan_contributions, plan_requisition};
use waybill_scheduler::{Alone, run_until_idle};
use waybill_shared::clock::Clock;
use waybill_shared::domain::kinds::{NoteKind, RecordEvent, RecordKind};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::pipeline::{ConnectorConfig, Pipeline};
use waybill_shared::engine::Engine;
use waybill_shared::intake::{IMPORT, load};
use waybill_shared::openings::start_of;
use waybill_shared::pauses::Pause;
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{ChangeSet, NoteChange, RecordChange};

use crate::args;
use crate::failure::Failure;
use crate::output;
use crate::reading::coalition;
use crate::report;
use crate::service::{LIVE, Role, Service, make_private, read_pipeline};
use crate::stating::Stating;
use crate::target::{StoreUrl, Target};

pub(crate) async fn run(arguments: args::Run) -> Result<(), Failure> {
    let body = coalition(&arguments.dir)?;
    let pipeline = pipeline(&arguments)?;
    if let Some(path) = &arguments.report {
        // Checks that the report can be written before the run, whose result would be lost
        // otherwise.
        std::fs::File::options().create(true).append(true).open(path).map_err(|error| {
            let message = format!("{}: {error}", path.display());
            Failure::caller(message, "name a file that can be written with --report")
        })?;
    }
    let report = match (&arguments.data, &arguments.copy_to) {
        (Some(data), Some(copy)) => {
            copied(&Target::named(data, None, None)?, copy).await?;
            carry(&arguments, copy, body, pipeline).await?
        }
        (None, Some(_)) => {
            return Err(Failure::caller("there is nothing to copy", "name the data with --data"));
        }
        (Some(data), None) => carry(&arguments, data, body, pipeline).await?,
        (None, None) => {
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

/// Copies the data of `from` to the new folder `to`. Nobody may be working on it.
async fn copied(from: &Target, to: &Path) -> Result<(), Failure> {
    let StoreUrl::Sqlite(database) = &from.store else {
        let hint =
            "export it and import it into a data folder: waybill export FILE, waybill import FILE";
        return Err(Failure::caller("a Postgres database cannot be copied", hint));
    };
    from.is_there()?;
    let copy = Target::named(to, None, None)?;
    let StoreUrl::Sqlite(place) = &copy.store else {
        return Err(Failure::caller(format!("{} is not a folder", to.display()), ""));
    };
    if place.exists() {
        let message = format!("{} already contains data", to.display());
        return Err(Failure::caller(message, "name a new folder with --copy-to"));
    }
    make_private(to).map_err(Failure::ours)?;
    SqliteStore::copy(database, place).await?;
    let store = copy.store.open().await?;
    let mut change_set = ChangeSet::new("operator", chrono::Utc::now());
    change_set.notes.push(NoteChange { kind: NoteKind::Live, key: LIVE.to_owned(), body: None });
    let outcome = store.commit(vec![change_set]).await;
    store.close().await;
    outcome?;
    Ok(())
}

/// Refuses data that a service has worked on in real time, because a run would write the future
/// into its log.
async fn is_not_live(target: &Target) -> Result<(), Failure> {
    if !target.store.exists() {
        return Ok(());
    }
    // A process that uses the data now is reported first.
    drop(target.hold()?);
    let Ok(store) = target.store.look().await else { return Ok(()) };
    let since = store.note(NoteKind::Live, LIVE).await;
    store.close().await;
    let Some(since) = since? else { return Ok(()) };
    let message = format!(
        "a service has been working on {} since {since}: a run would write future days into its \
         log",
        target.store
    );
    Err(Failure::caller(message, "run a copy with --copy-to FOLDER, or name a new --data"))
}

fn temporary() -> Result<std::path::PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("waybill-run-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(Failure::ours)?;
    Ok(folder)
}

/// The pipeline in the folder, with the seed from the options.
fn pipeline(arguments: &args::Run) -> Result<Pipeline, Failure> {
    let path = arguments.dir.join("pipeline.toml");
    let mut pipeline = if path.exists() { read_pipeline(&path)? } else { Pipeline::default() };
    if let (Some(seed), ConnectorConfig::Sandbox(sandbox)) =
        (arguments.seed, &mut pipeline.connector)
    {
        sandbox.seed = seed;
    }
    // Virtual time needs no delay: everything that happens at one moment goes into one round.
    pipeline.match_donor.round_delay_ms = 0;
    Ok(pipeline)
}

/// Ends pauses that were set where the data came from, and records that in the log.
async fn lift(engine: &Engine) -> Result<(), Failure> {
    let mut change_set = ChangeSet::new("run", engine.clock.now());
    for record in engine.store.records(RecordKind::Pause).await? {
        let mut pause: Pause = serde_json::from_str(&record.body).map_err(Failure::ours)?;
        if std::mem::take(&mut pause.paused) {
            let body = serde_json::to_string(&pause).map_err(Failure::ours)?;
            let (id, expected) = (record.id, record.version);
            change_set.records.push(RecordChange {
                kind: RecordKind::Pause,
                id,
                expected,
                body,
                event: RecordEvent::PauseLifted,
            });
        }
    }
    if !change_set.records.is_empty() {
        engine.commit(vec![change_set], None).await?;
    }
    Ok(())
}

/// The start of virtual time: the coalition's start, or the end of an earlier run.
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
    is_not_live(&target).await?;
    let clock = Clock::starting_at(start(&target, &body).await?);
    let mut service = Service::open(&target, clock, Some(Stating::again(pipeline))).await?;
    let (engine, broker) = (service.engine.clone(), service.held()?);
    let Some(alone) = Alone::lead(&engine).await? else {
        let message =
            "another scheduler leads on this store: virtual time needs the store for itself";
        return Err(Failure::caller(message, "stop it, or name another store with --store"));
    };
    lift(&engine).await?;
    let settings = body.files.settings.clone();
    load(&engine, &body.files).await.map_err(|error| Failure::caller(error.to_string(), ""))?;
    for (day, file, contributions) in &body.files.later_contributions {
        plan_contributions(&engine, IMPORT, &settings, file, contributions, *day).await?;
    }
    for requisition in body.requisitions {
        let day = requisition.on.unwrap_or(settings.start);
        plan_requisition(&engine, IMPORT, &settings, &requisition.file, requisition.lines, day)
            .await?;
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
