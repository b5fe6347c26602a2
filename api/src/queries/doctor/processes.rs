//! The processes that share a store: which ones run, which are missing, and what each reports about itself.

use std::collections::{BTreeMap, BTreeSet};

use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::presence::{Presence, processes};
use waybill_shared::store::Condition;

use super::finding::{Finding, long, unread};

const CHECK: &str = "processes";

/// Checks each process. If a single process owns the store, there is nothing to check.
pub(super) async fn examine(engine: &Engine, condition: &Condition) -> Vec<Finding> {
    let Some(now) = condition.now else { return Vec::new() };
    let all = match processes(&*engine.store).await {
        Ok(all) => all,
        Err(error) => return vec![unread(CHECK, &error)],
    };
    let (there, gone): (Vec<&Presence>, Vec<&Presence>) =
        all.iter().partition(|process| process.is_there(now));
    let mut findings = vec![counted(&there, &gone)];
    for process in &there {
        for trouble in &process.troubles {
            let seen = format!("{}: {}", process.name(), trouble.told());
            let mend = trouble.mend.as_deref().unwrap_or_else(|| mend(&trouble.part));
            findings.push(Finding::bad(CHECK, seen, mend));
        }
        if let Some(apart) = process.clock_apart() {
            let seen = format!("the clock of {} is {apart}", process.name());
            findings.push(Finding::warn(CHECK, seen, mend("clock")));
        }
    }
    let versions: BTreeSet<&str> = there.iter().map(|process| &*process.version).collect();
    if versions.len() > 1 {
        let seen = format!("versions of Waybill differ: {}", Vec::from_iter(versions).join(", "));
        findings.push(Finding::warn(CHECK, seen, "run the same version everywhere"));
    }
    let newest = engine.pipeline_version();
    for process in there.iter().filter(|process| process.pipeline < newest) {
        let seen = format!("{} knows version {} of the pipeline", process.name(), process.pipeline);
        let mend =
            "it reads the newest version by itself; if it does not within a minute, restart it";
        findings.push(Finding::warn(CHECK, seen, mend));
    }
    for process in gone {
        let ago = long((now - process.seen).num_seconds());
        let seen = format!("{} last reported {ago} ago, but has not stopped", process.name());
        findings.push(Finding::warn(CHECK, seen, UNHEARD));
    }
    findings
}

/// What to do about a process that has not reported.
const UNHEARD: &str = "if it is running, see its log: it may not reach the database, or its \
                       password may have changed (restart it). If it is not running, start it, \
                       unless another process has replaced it";

/// The number of processes that consume from queues.
#[derive(Debug, Clone, Copy)]
pub(super) struct Takers {
    /// All running processes.
    pub(super) all: usize,
    /// Processes that consume from the schedulers' queues.
    pub(super) schedulers: usize,
    /// Processes that consume from the workers' queues.
    pub(super) workers: usize,
}

/// The number of running processes. `None` if it is not known.
pub(super) async fn known(engine: &Engine, now: Option<Timestamp>) -> Option<Takers> {
    let (now, mut all) = (now?, processes(&*engine.store).await.ok()?);
    all.retain(|process| process.is_there(now));
    let of = |role: &str| {
        all.iter().filter(|process| process.role == role || process.role == "serve").count()
    };
    Some(Takers { all: all.len(), schedulers: of("scheduler"), workers: of("worker") })
}

/// The number of processes of each role, and the roles that are missing.
fn counted(there: &[&Presence], gone: &[&Presence]) -> Finding {
    let mut roles: BTreeMap<&str, usize> = BTreeMap::new();
    for process in there {
        *roles.entry(&process.role).or_default() += 1;
    }
    let has = |role: &str| roles.contains_key(role) || roles.contains_key("serve");
    let told: Vec<String> = roles.iter().map(|(role, count)| format!("{count} {role}")).collect();
    let told = if told.is_empty() { "none is running".to_owned() } else { told.join(", ") };
    // A process that did not sign off may still run without reaching the database. Starting a second one would not
    // help.
    let start = |role: &str, otherwise: &str| match gone.iter().find(|one| one.role == role) {
        Some(lost) => format!(
            "{}: if it is running, see its `/health/ready` and its log for the reason (restart \
             it if the database has a new password); if not, {otherwise}",
            lost.name()
        ),
        None => otherwise.to_owned(),
    };
    match (has("scheduler"), has("worker")) {
        (true, true) => Finding::ok(CHECK, told),
        (true, false) => {
            Finding::bad(CHECK, format!("{told}: no worker"), start("worker", "waybill worker"))
        }
        (false, _) => Finding::bad(
            CHECK,
            format!("{told}: no scheduler"),
            start("scheduler", "waybill scheduler, or waybill serve"),
        ),
    }
}

/// How to fix trouble with `part`.
fn mend(part: &str) -> &'static str {
    match part {
        "clock" => {
            "set the clock of its machine: `timedatectl set-ntp true` keeps it right with NTP"
        }
        "broker" => super::broker::ALARM,
        _ => {
            "check the database and its log, and the network between that machine and the database"
        }
    }
}
