//! Work that does not move: due work that nobody runs, leases of lost workers, the calendar, and webhooks.

use chrono::TimeDelta;
use waybill_scheduler::calendar::{Fired, Times};
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::engine::Engine;
use waybill_shared::pauses::{ALL, pauses};
use waybill_shared::store::{Condition, StoreError};
use waybill_workers::webhooks::State as Standing;

use super::finding::{Finding, Health, long, unread};
use crate::queries::service::status::{WebhookLag, behind};

/// Seconds after which due work counts as stuck.
const STUCK: i64 = 60;

/// Seconds after which stuck work is bad.
const LONG: i64 = 600;

/// Checks everything that should move.
pub(super) async fn examine(
    engine: &Engine,
    condition: &Condition,
    is_led: bool,
    serve: &str,
) -> Vec<Finding> {
    // If a private folder has no service running, nothing is expected to move.
    let is_expected = is_led || condition.leader.is_some();
    let mut findings = Vec::new();
    let mut add = |check: &str, found: Result<Vec<Finding>, StoreError>| match found {
        Ok(found) => findings.extend(found),
        Err(error) => findings.push(unread(check, &error)),
    };
    add("work", due(engine, is_expected, serve).await);
    add("leases", leases(engine, is_led, condition.now.is_some(), serve).await);
    add("events", Ok(vec![events(condition)]));
    add("calendar", calendar(engine, is_expected, serve).await);
    add("webhooks", webhooks(engine).await);
    findings
}

async fn due(engine: &Engine, is_expected: bool, serve: &str) -> Result<Vec<Finding>, StoreError> {
    let check = "work";
    let before = engine.clock.now() - TimeDelta::seconds(STUCK);
    let backlog = engine.store.backlog(before).await?;
    if backlog.is_empty() {
        return Ok(vec![Finding::ok(check, "nothing has been due for longer than a minute")]);
    }
    let oldest = backlog.iter().map(|queue| queue.oldest.as_secs()).max().unwrap_or(0);
    let oldest = i64::try_from(oldest).unwrap_or(i64::MAX).saturating_add(STUCK);
    let total: i64 = backlog.iter().map(|queue| queue.depth).sum();
    let mut queues: Vec<(&str, i64)> = Vec::new();
    for queue in &backlog {
        match queues.iter_mut().find(|(name, _)| *name == queue.queue) {
            Some((_, depth)) => *depth += queue.depth,
            None => queues.push((&queue.queue, queue.depth)),
        }
    }
    let queues: Vec<String> =
        queues.iter().map(|(name, depth)| format!("{name} {depth}")).collect();
    let seen = format!(
        "{total} jobs are due but not done, the oldest for {} ({})",
        long(oldest),
        queues.join(", ")
    );
    if !is_expected {
        return Ok(vec![Finding::warn(check, seen, serve)]);
    }
    let is_stopped = pauses(&*engine.store).await?.iter().any(|(what, _)| what == ALL);
    let mend = match (is_stopped, engine.broker.trouble()) {
        (true, _) => "paused work waits: see above",
        (false, Some(_)) => "the problem of the broker keeps it waiting: see above",
        (false, None) => "start more workers, or see the logs of the running ones",
    };
    let health = if oldest > LONG { Health::Bad } else { Health::Warn };
    Ok(vec![Finding { health, ..Finding::warn(check, seen, mend) }])
}

async fn leases(
    engine: &Engine,
    is_led: bool,
    is_shared: bool,
    serve: &str,
) -> Result<Vec<Finding>, StoreError> {
    let lost = engine.store.lost_leases().await?;
    if lost.is_empty() {
        return Ok(vec![Finding::ok("leases", "no worker was lost while working on lots")]);
    }
    let lots: usize = lost.iter().map(|(_, lots)| lots.len()).sum();
    let seen = format!("{lots} lots are held by workers that are gone");
    let mend = match (is_led, is_shared) {
        (true, _) => "nothing: they are taken over within seconds",
        (false, true) => "they are taken over once a scheduler leads",
        (false, false) => serve,
    };
    Ok(vec![Finding::warn("leases", seen, mend)])
}

fn events(condition: &Condition) -> Finding {
    let since = condition.unpositioned_since.zip(condition.now);
    let waited = since.map_or(0, |(since, now)| (now - since).num_seconds());
    match (condition.unpositioned, waited) {
        (0, _) => Finding::ok("events", "all events have a position in the log"),
        (some, ..STUCK) => {
            Finding::ok("events", format!("{some} events are about to get their position"))
        }
        (some, waited) => {
            let seen = format!(
                "{some} events have no position in the log, the oldest for {}",
                long(waited)
            );
            Finding::bad(
                "events",
                seen,
                "start `waybill scheduler`: the leading scheduler assigns positions",
            )
        }
    }
}

async fn calendar(
    engine: &Engine,
    is_expected: bool,
    serve: &str,
) -> Result<Vec<Finding>, StoreError> {
    let (check, entries) = ("calendar", engine.calendar().await?);
    let late = engine.clock.now() - TimeDelta::seconds(LONG);
    let (mut overdue, mut wrong) = (Vec::new(), Vec::new());
    for entry in &entries {
        let times = match Times::parse(&entry.at, entry.zone) {
            Ok(times) => times,
            Err(error) => {
                wrong.push(format!("{}: {error}", entry.name));
                continue;
            }
        };
        let Some(record) = engine.store.record(RecordKind::Cron, &entry.name).await? else {
            continue;
        };
        let fired: Fired = serde_json::from_str(&record.body).unwrap_or_default();
        let next = fired.last.and_then(|last| times.next_after(last));
        if let Some(next) = next.filter(|next| *next < late) {
            overdue.push(format!("{} since {}", entry.name, next.format("%Y-%m-%d %H:%M UTC")));
        }
    }
    if !wrong.is_empty() {
        return Ok(vec![Finding::bad(check, wrong.join("; "), "correct pipeline.toml")]);
    }
    if overdue.is_empty() {
        let mut seen = format!("{} entries, none overdue", entries.len());
        let own: Vec<&str> =
            engine.pipeline().unscheduled().map(|(act, _, _)| act.name()).collect();
        if !own.is_empty() {
            seen += &format!(
                "; pipeline.toml schedules no {}: done daily after midnight",
                own.join(", ")
            );
        }
        return Ok(vec![Finding::ok(check, seen)]);
    }
    let seen = format!("overdue: {}", overdue.join(", "));
    Ok(vec![match is_expected {
        true => Finding::bad(check, seen, "see the scheduler's log, or restart it"),
        false => Finding::warn(check, seen, serve),
    }])
}

async fn webhooks(engine: &Engine) -> Result<Vec<Finding>, StoreError> {
    let check = "webhooks";
    let (mut count, mut findings) = (0, Vec::new());
    for record in engine.store.records(RecordKind::Webhook).await? {
        let Some(standing) = Standing::read(engine, &record.id).await? else { continue };
        count += 1;
        let id = &standing.endpoint.id;
        let failed = standing.failed().count();
        let seen = match (&standing.endpoint.disabled, standing.progress.failing_since) {
            (Some(disabled), _) => format!("{id} is off: {}", disabled.why),
            (None, Some(since)) => {
                format!("{id} has been failing since {}", since.format("%Y-%m-%d %H:%M UTC"))
            }
            (None, None) if failed > 0 => {
                format!("{id} has {failed} deliveries that were given up")
            }
            (None, None) => continue,
        };
        findings.push(Finding::warn(check, seen, format!("waybill webhook show {id}")));
    }
    for WebhookLag { id, events, seconds } in behind(engine).await? {
        if seconds > STUCK {
            let seen =
                format!("{id} is {events} events behind, the first of them {}", long(seconds));
            findings.push(Finding::warn(check, seen, format!("waybill webhook show {id}")));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(check, format!("{count}, none failing")));
    }
    Ok(findings)
}
