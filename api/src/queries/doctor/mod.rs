//! The doctor: checks each part of the service, and says how to fix what it finds.

mod broker;
mod finding;
mod keys;
mod outgrown;
mod place;
mod processes;
mod values;
mod work;

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::time::timeout;
use waybill_shared::domain::kinds::NoteKind;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::pauses::{Pause, pauses};
use waybill_shared::store::{
    ChangeSet, Condition, Fate, Hindrance, Leader, NoteChange, Slot, StoreError, Transaction,
};

pub use self::finding::{Diagnosis, Finding, Health};

use self::broker::broker;
use self::finding::{UNKNOWN, bytes, long, unread};
use crate::queries::error::DISK_FULL;

/// The size of a write-ahead log from which somebody should look at it, in bytes.
const LARGE_LOG: i64 = 256 << 20;

/// How to fix a database that accepts no writes.
const READ_ONLY: &str = "run `SELECT pg_is_in_recovery()`. If true, use the primary or promote this \
                         standby; if false, reset default_transaction_read_only. No restart is \
                         needed";

/// How long the store may take for a trial write.
const PATIENCE: Duration = Duration::from_secs(5);

/// The checks that fail whenever nothing can be committed. They need no fix of their own.
const FOLLOWING: [&str; 5] = ["leader", "processes", "work", "leases", "events"];

/// The key of the note that is written to test whether the store accepts writes.
const PROBE: &str = "doctor";

/// Runs all checks.
pub(crate) async fn examine(engine: &Engine, folder: &Path) -> Diagnosis {
    let mut findings = Vec::new();
    match engine.store.condition().await {
        Ok(condition) => {
            findings.push(store(engine, &condition).await);
            findings.push(migrations(&condition));
            findings.push(pipeline(engine));
            findings.push(broker(engine, leads(engine, &condition), condition.now).await);
            findings.extend(growing(&condition));
            findings.extend(paused(engine).await);
            findings.extend(keys::examine(engine).await);
            findings.extend(clock(engine, &condition).await);
            findings.extend(processes::examine(engine, &condition).await);
            let is_led = leads(engine, &condition);
            let serve = format!("waybill serve --data {}", folder.display());
            findings.push(leader(engine, &condition, &serve));
            findings.extend(work::examine(engine, &condition, is_led, &serve).await);
            findings.extend(values::examine(engine).await);
            if findings.first().is_some_and(|store| store.health == Health::Bad) {
                follow(&mut findings);
            }
        }
        Err(error) => findings.push(unread("store", &error)),
    }
    findings.extend(place::examine(folder));
    Diagnosis::of(findings)
}

/// If nothing can be committed, the findings that follow from it get no fix of their own.
fn follow(findings: &mut [Finding]) {
    let following = findings.iter_mut().filter(|finding| FOLLOWING.contains(&&*finding.check));
    for finding in following.filter(|finding| finding.health > Health::Ok) {
        finding.mend =
            Some("nothing: it follows from the problem of the store, see above".to_owned());
    }
}

/// Whether some process leads, so that due work is run.
fn leads(engine: &Engine, condition: &Condition) -> bool {
    match &condition.leader {
        Some(leader) => leader.is_live,
        None => engine.metrics.is_leading(),
    }
}

async fn store(engine: &Engine, condition: &Condition) -> Finding {
    let Condition { kind, place, size, wal, .. } = condition;
    let wal_size = wal.unwrap_or(0);
    let wal = wal.map(|wal| format!(", log {}", bytes(wal))).unwrap_or_default();
    let seen = format!("{kind} at {place}, {}{wal}", bytes(*size));
    // A trial write would only wait for the hindrance.
    if let Ok(Some(hindrance)) = hindrance(engine).await {
        return hindered(&seen, &hindrance);
    }
    let began = Instant::now();
    let note = |body| {
        let mut change_set = ChangeSet::new(PROBE, engine.clock.now());
        change_set.notes.push(NoteChange { kind: NoteKind::Doctor, key: PROBE.to_owned(), body });
        change_set
    };
    let written = timeout(PATIENCE, engine.store.commit(vec![note(Some("{}".to_owned()))]));
    let Ok(written) = written.await else {
        if let Ok(Some(hindrance)) = hindrance(engine).await {
            return hindered(&seen, &hindrance);
        }
        let seen = format!("{seen}; a write was not confirmed within {} s", PATIENCE.as_secs());
        return Finding::bad("store", seen, UNKNOWN);
    };
    let took = began.elapsed().as_millis();
    match written {
        Ok(fates) if fates == [Fate::Committed] => {
            if let Err(error) = engine.store.commit(vec![note(None)]).await {
                return unread("store", &error);
            }
            match took {
                ..1000 if wal_size > LARGE_LOG => Finding::warn(
                    "store",
                    format!(
                        "{seen}: a reader keeps the write-ahead log from being merged into the \
                         database"
                    ),
                    "end long reads (a backup, an export, another tool): then it shrinks by itself",
                ),
                ..1000 => Finding::ok("store", format!("{seen}; written in {took} ms")),
                _ => Finding::warn(
                    "store",
                    format!("{seen}; a write took {took} ms"),
                    "check the disk: `waybill bench w4 --raw` measures it",
                ),
            }
        }
        Ok(fates) => Finding::bad("store", format!("{seen}; not written: {fates:?}"), "try again"),
        Err(error) if error.is_read_only() => {
            let seen =
                format!("{seen}; it accepts no writes: it is a standby, or was set read-only");
            Finding::bad("store", seen, READ_ONLY)
        }
        Err(error) if error.is_disk_full() => {
            Finding::bad("store", format!("{seen}; it cannot be written"), DISK_FULL)
        }
        Err(error) => unread("store", &error),
    }
}

async fn hindrance(engine: &Engine) -> Result<Option<Hindrance>, StoreError> {
    Ok(engine.store.hindrances().await?.into_iter().next())
}

fn hindered(seen: &str, hindrance: &Hindrance) -> Finding {
    Finding::bad("store", format!("{seen}; {}", hindrance.told()), &*hindrance.mend)
}

/// Findings about things that grow unnoticed.
fn growing(condition: &Condition) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !condition.detached.is_empty() {
        let seen = format!(
            "{} was removed from the log with its events: histories, feed and reports lack them",
            condition.detached
        );
        let mend = "do not drop this table; a scheduler attaches it again when it starts, the \
                    leading one within the hour";
        findings.push(Finding::bad("months", seen, mend));
    } else if condition.strays > 0 {
        let seen = format!(
            "{} events are in no month's table, because it was not created in time",
            condition.strays
        );
        let mend = "the leading scheduler moves them within the hour; if not, see its log";
        findings.push(Finding::warn("months", seen, mend));
    }
    if let Some(oldest) = &condition.oldest {
        let Transaction { holder, end, database, seconds } = oldest;
        let open = long(*seconds);
        let seen = format!("{holder} in database {database} has a transaction open for {open}");
        let mend =
            format!("an open transaction slows everything down; end it in that database: {end}");
        findings.push(Finding::warn("transactions", seen, mend));
    }
    if let Some(Slot { name, is_used, kept }) =
        condition.slot.as_ref().filter(|slot| slot.kept > LARGE_LOG)
    {
        let kept = bytes(*kept);
        let (reader, mend) = match is_used {
            true => (
                "whose reader is behind",
                "check that standby or reader: it reads the log too slowly".to_owned(),
            ),
            false => (
                "which nobody reads",
                format!(
                    "restart its reader; or, if it is gone for good: SELECT \
                     pg_drop_replication_slot('{name}')"
                ),
            ),
        };
        let seen = format!(
            "the replication slot {name}, {reader}, keeps {kept} of the write-ahead log, which \
             grows each day"
        );
        findings.push(Finding::warn("log", seen, mend));
    }
    findings
}

/// Findings about everything that is paused.
async fn paused(engine: &Engine) -> Vec<Finding> {
    let told = |(what, pause): (String, Pause)| {
        let why =
            if pause.reason.is_empty() { String::new() } else { format!(": {}", pause.reason) };
        let since = pause.since.format("%Y-%m-%d %H:%M UTC");
        let seen = format!("{what} is paused since {since} by {}{why}", pause.by);
        let mend = match pause.by.as_str() {
            // After a restore, whatever was sent since the copy would be ordered again.
            "restore" => format!(
                "first `waybill incidents`, and \"After a restore\" in docs/runbook.md; then waybill unpause {what}"
            ),
            _ => format!("waybill unpause {what}"),
        };
        Finding::warn("paused", seen, mend)
    };
    match pauses(&*engine.store).await {
        Ok(all) => all.into_iter().map(told).collect(),
        Err(error) => vec![unread("paused", &error)],
    }
}

fn migrations(condition: &Condition) -> Finding {
    let Condition { migrations, known_migrations, .. } = condition;
    if migrations == known_migrations {
        return Finding::ok("migrations", format!("all {migrations} migrations are applied"));
    }
    let seen =
        format!("{migrations} migrations are applied, but this program knows {known_migrations}");
    Finding::bad(
        "migrations",
        seen,
        "run the same version everywhere; the database is migrated at the start",
    )
}

fn pipeline(engine: &Engine) -> Finding {
    let (version, pipeline) = (engine.pipeline_version(), engine.pipeline());
    match pipeline.check() {
        Ok(()) => {
            let names: Vec<String> =
                pipeline.steps.iter().map(|step| step.name.to_string()).collect();
            Finding::ok("pipeline", format!("version {version}: {}", names.join(", ")))
        }
        Err(wrong) => {
            let seen = format!("version {version}: {wrong}");
            Finding::bad("pipeline", seen, "correct pipeline.toml, then restart `serve`")
        }
    }
}

/// Whether the process trusts its clock. If there is no other clock to compare with, only doubts are reported.
async fn clock(engine: &Engine, condition: &Condition) -> Option<Finding> {
    let check = "clock";
    let looked = engine.look_at_clock().await.ok().flatten();
    if let Some(doubt) = looked.or_else(|| engine.doubt()) {
        return Some(Finding::bad(
            check,
            format!("{doubt}: nothing is processed until it is right"),
            doubt.mend(),
        ));
    }
    let offset = engine.timekeeper.offset();
    let offset = offset.or_else(|| Some(engine.clock.now() - condition.now?))?;
    let seen = format!("{} ms from the database's", offset.num_milliseconds().abs());
    let mend = "keep the clocks of both machines right with NTP: `timedatectl set-ntp true`";
    Some(match offset.num_milliseconds().abs() {
        ..1000 => Finding::ok(check, seen),
        1000..5000 => Finding::warn(check, seen, mend),
        5000.. => Finding::bad(check, seen, mend),
    })
}

fn leader(engine: &Engine, condition: &Condition, serve: &str) -> Finding {
    let check = "leader";
    let Some(Leader { holder, term, renewed, is_live }) = &condition.leader else {
        return match engine.metrics.is_leading() {
            true => Finding::ok(check, "this process: it has the database for itself"),
            false => Finding::warn(check, "nobody: due work waits until a process serves", serve),
        };
    };
    let mut parts = holder.split(':');
    let host = parts.next().unwrap_or_default();
    let process = parts.next().unwrap_or_default();
    let started = parts.next().and_then(|text| text.parse().ok());
    let started = started.and_then(Timestamp::from_timestamp_micros);
    let since = started.map(|at| format!(", up since {}", at.format("%Y-%m-%d %H:%M:%S UTC")));
    let since = since.unwrap_or_default();
    let ago = condition.now.map_or(TimeDelta::zero(), |now| now - *renewed);
    let ago = long(ago.num_seconds());
    if *is_live {
        let seen = format!("process {process} on {host}{since}; term {term}, renewed {ago} ago");
        return Finding::ok(check, seen);
    }
    let mend = "waybill scheduler, or waybill serve";
    if holder.is_empty() {
        return Finding::bad(check, "no scheduler leads, and none has led yet", mend);
    }
    match renewed.timestamp() {
        ..86_400 => {
            let seen = format!(
                "no scheduler leads; the last was process {process} on {host}, which has stopped"
            );
            Finding::bad(check, seen, mend)
        }
        _ => {
            let seen = format!(
                "no scheduler leads; the last was process {process} on {host}, until {ago} ago"
            );
            // The process did not sign off, so it may still run without reaching the database.
            let mend =
                format!("see the finding about it above; if it is not running any more: {mend}");
            Finding::bad(check, seen, mend)
        }
    }
}
