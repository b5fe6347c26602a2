//! `waybill archive`: moves the history of ended lots from the log to a file. The file proves that nothing else has
//! left the log.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};
use waybill_shared::archive::{Archive, Plan, Tally, archives};
use waybill_shared::audit::{Entry, Exported, Link};
use waybill_shared::clock::Clock;
use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::engine::Engine;
use waybill_shared::store::chain::{placeholder, sum_of};
use waybill_shared::store::{ChangeSet, Fate, RecordChange, Store};
use waybill_workers::webhooks::State;

use crate::archived::bodies;
use crate::args;
use crate::exported::{Out, is_compressed};
use crate::failure::Failure;
use crate::new_file::NewFile;
use crate::output;
use crate::service::{Service, make_private, settle};
use crate::target::Target;

/// How many events are read at once.
const PAGE: i64 = 5_000;

/// How many bodies are removed at once.
const TOGETHER: usize = 2_000;

/// Archives, or shows in a dry run what would be archived.
pub(crate) async fn run(arguments: args::Archive) -> Result<(), Failure> {
    let target = Target::here(&arguments.data)?;
    target.is_there()?;
    let service = Service::for_command(&target, Clock::Real, None).await?;
    let done = archive(&arguments, &target, &service.engine).await;
    service.close().await;
    done
}

async fn archive(
    arguments: &args::Archive,
    target: &Target,
    engine: &Engine,
) -> Result<(), Failure> {
    let store = &*engine.store;
    settle(store).await?;
    let known = archives(store).await?;
    // An interrupted archive is finished first. Its file is complete.
    let is_finished = known.iter().any(|archive| !archive.is_done);
    for begun in known.iter().filter(|archive| !archive.is_done) {
        let file = arguments.to.clone().filter(|file| file.exists());
        let file = file.unwrap_or_else(|| PathBuf::from(&begun.file));
        output::talk(&format!("archive {} was not finished: finishing it now", begun.number));
        if !arguments.dry_run {
            finish(store, begun, &file, engine, arguments.compact).await?;
        }
    }
    let before = before(arguments, engine).await?;
    let plan =
        Plan::of(&*store.snapshot().await?, before, delivered_position(engine).await?).await?;
    let number = known.iter().map(|archive| archive.number).max().unwrap_or(0) + 1;
    if arguments.compact && !arguments.dry_run && plan.events == 0 {
        store.compact().await?;
    }
    if plan.events == 0 {
        return said(
            arguments,
            &plan,
            None,
            "no lot that ended before that day is left to archive",
        );
    }
    if arguments.dry_run {
        return said(arguments, &plan, None, "dry run, nothing was archived");
    }
    let file = match &arguments.to {
        // This file belongs to the archive that was just finished.
        Some(file) if is_finished && file.exists() => {
            return said(
                arguments,
                &plan,
                None,
                "the unfinished archive is now finished; name another file to archive more",
            );
        }
        Some(file) => file.clone(),
        None => free(&target.data.join("archive"), &format!("{number:03}-{before}")),
    };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_private(folder).map_err(Failure::ours)?;
    }
    let new = NewFile::at(&file)?;
    let tally = write(store, &plan, &new, is_compressed(&file)).await?;
    // The file is read back and verified before it gets its name.
    bodies(new.path())?;
    new.keep()?;
    let archive = Archive {
        number,
        at: engine.clock.now(),
        before,
        upto: plan.upto,
        events: tally.events,
        digest: tally.digest(),
        file: std::path::absolute(&file).unwrap_or(file.clone()).display().to_string(),
        is_done: false,
    };
    // If this fails, the file stays: the record may have been written anyway, and then needs it.
    keep(engine, &archive, RecordEvent::ArchiveBegun).await?;
    finish(store, &archive, &file, engine, arguments.compact || target.is_for_one()).await?;
    said(arguments, &plan, Some(&file), "")
}

/// An unused file name in `folder`. A killed archive may have left a file that no record knows.
fn free(folder: &Path, name: &str) -> PathBuf {
    let names = (1..).map(|n| match n {
        1 => folder.join(format!("{name}.jsonl.gz")),
        n => folder.join(format!("{name}-{n}.jsonl.gz")),
    });
    let mut free = names.filter(|file| !file.exists());
    free.next().unwrap_or_else(|| folder.join(name))
}

/// Lots that ended before this day are archived.
async fn before(arguments: &args::Archive, engine: &Engine) -> Result<NaiveDate, Failure> {
    let today = engine.today(&*engine.coalition().await?);
    let day = match arguments.before {
        Some(day) => Some(day),
        None => {
            let keep = engine.pipeline().log.keep_days;
            keep.and_then(|days| today.checked_sub_days(Days::new(days.into())))
        }
    };
    let hint = "give --before DAY, or set `[log] keep_days` in pipeline.toml";
    let day =
        day.ok_or_else(|| Failure::caller("no day is given before which to archive", hint))?;
    if day > today {
        let message = format!("{day} is in the future");
        return Err(Failure::caller(message, "name a day in the past"));
    }
    Ok(day)
}

/// The position that all active webhooks have reached.
async fn delivered_position(engine: &Engine) -> Result<i64, Failure> {
    let (mut told, mut who) = (i64::MAX, String::new());
    for record in engine.store.records(RecordKind::Webhook).await? {
        let Some(state) = State::read(engine, &record.id).await? else { continue };
        if state.endpoint.disabled.is_none() {
            let failed = state.deliveries.keys().next().map_or(i64::MAX, |first| first - 1);
            let position = state.progress.position.min(failed);
            if position < told {
                (told, who) = (position, record.id);
            }
        }
    }
    if told < engine.store.last_position().await? {
        output::talk(&format!(
            "webhook {who} has received events only up to {told}: later events stay in the log"
        ));
    }
    Ok(told)
}

/// Writes the whole log: the bodies that are archived, and the SHA-256 of all others, so that the file verifies by
/// itself.
async fn write(
    store: &dyn Store,
    plan: &Plan,
    new: &NewFile,
    is_compressed: bool,
) -> Result<Tally, Failure> {
    let mut out = Out::file(new.create()?, is_compressed);
    let failed = |error: std::io::Error| {
        Failure::caller(format!("cannot write the archive: {error}"), "check the disk")
    };
    let (mut tally, mut position) = (Tally::default(), 0);
    let snapshot = store.snapshot().await?;
    let bar = output::progress("archiving", snapshot.last_position().await?);
    loop {
        let page = snapshot.events_after(position, PAGE).await?;
        let Some(last) = page.last() else { break };
        let mut links = snapshot.links(position, last.position).await?.into_iter().peekable();
        position = last.position;
        let mut text = Vec::with_capacity(1 << 20);
        bar.inc(page.len() as u64);
        for event in page {
            let at = event.position;
            let goes = plan.takes(&event);
            if goes {
                tally.add(at, &sum_of(&event.body));
            }
            let mut entry = Entry::from(event);
            entry.body.take_if(|_| !goes);
            line(&mut text, &Exported::Event(entry)).map_err(failed)?;
            if let Some((position, hash)) = links.next_if(|(position, _)| *position == at) {
                line(&mut text, &Exported::Link(Link { position, hash })).map_err(failed)?;
            }
        }
        out.write_all(&text).map_err(failed)?;
    }
    out.end().map_err(failed)?;
    bar.finish_and_clear();
    Ok(tally)
}

fn line(text: &mut Vec<u8>, exported: &Exported) -> std::io::Result<()> {
    serde_json::to_writer(&mut *text, exported)?;
    text.push(b'\n');
    Ok(())
}

/// Removes the bodies in the file from the log, and records that it is done.
async fn finish(
    store: &dyn Store,
    archive: &Archive,
    file: &Path,
    engine: &Engine,
    is_compacted: bool,
) -> Result<(), Failure> {
    let mut tally = Tally::default();
    let placeholders: Vec<(i64, String)> = bodies(file)?
        .into_iter()
        .map(|(position, body)| {
            let sum = sum_of(&body);
            tally.add(position, &sum);
            (position, placeholder(archive.number, &sum))
        })
        .collect();
    if tally.digest() != archive.digest {
        let message = format!(
            "{} is not the file of archive {}, or was changed",
            file.display(),
            archive.number
        );
        return Err(Failure::caller(message, "name the right file with --to"));
    }
    let bar = output::progress("removing", placeholders.len() as i64);
    for some in placeholders.chunks(TOGETHER) {
        store.take_out(some).await?;
        bar.inc(some.len() as u64);
    }
    bar.finish_and_clear();
    keep(engine, &Archive { is_done: true, ..archive.clone() }, RecordEvent::ArchiveDone).await?;
    if is_compacted {
        store.compact().await?;
    }
    Ok(())
}

/// Stores the record of an archive.
///
/// Each number is used once: if two archives begin at the same time, one of them is refused.
async fn keep(engine: &Engine, archive: &Archive, event: RecordEvent) -> Result<(), Failure> {
    let id = format!("{:05}", archive.number);
    let known = match event {
        RecordEvent::ArchiveBegun => None,
        _ => engine.store.record(RecordKind::Archive, &id).await?,
    };
    if known.as_ref().is_some_and(|known| known.version > 1) {
        // Another process has finished this archive.
        return Ok(());
    }
    let mut change_set = ChangeSet::new("operator", engine.clock.now());
    change_set.records.push(RecordChange {
        kind: RecordKind::Archive,
        id,
        expected: known.map_or(0, |known| known.version),
        body: serde_json::to_string(archive).map_err(Failure::ours)?,
        event,
    });
    match engine.commit(vec![change_set], None).await?.first() {
        Some(Fate::Committed) => Ok(settle(&*engine.store).await?),
        _ => Err(Failure::caller("another process is archiving at this moment", "try again")),
    }
}

/// Prints what was archived, or would be.
fn said(
    arguments: &args::Archive,
    plan: &Plan,
    file: Option<&Path>,
    note: &str,
) -> Result<(), Failure> {
    let Plan { before, upto, lots, events, bytes, .. } = plan;
    if arguments.json {
        return output::json(&serde_json::json!({
            "before": before, "upto": upto, "lots": lots, "events": events, "bytes": bytes, "file": file,
        }));
    }
    if !note.is_empty() {
        output::talk(note);
    }
    let [lots, events] = [*lots as u64, events.unsigned_abs()].map(output::grouped);
    let place = file.map_or_else(String::new, |file| format!("{}: ", file.display()));
    output::data(&format!(
        "{place}{events} events of {lots} lots that had ended before {before}, {}\n",
        output::size(*bytes)
    ))
}
