//! The processes that share a store: which are there, which are missing, and what each says of itself.

use std::collections::{BTreeMap, BTreeSet};

use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::presence::{Presence, processes};
use waybill_shared::store::Condition;

use super::finding::{Finding, long, unread};

const CHECK: &str = "processes";

/// Looks at each of them; where one process has the store there is nothing to be found.
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
        let mend = "it reads the newest by itself; if it does not within a minute, start it again";
        findings.push(Finding::warn(CHECK, seen, mend));
    }
    for process in gone {
        let ago = long((now - process.seen).num_seconds());
        let seen = format!("{} was last heard of {ago} ago, and has not left", process.name());
        findings.push(Finding::warn(CHECK, seen, UNHEARD));
    }
    findings
}

/// What to do about a process that is not heard of.
const UNHEARD: &str = "if it runs, look at its log: it cannot reach the database, or not as its user; with a new password it \
has to be started again. If not, start it, unless another has taken its place";

/// How many processes take from queues.
#[derive(Debug, Clone, Copy)]
pub(super) struct Takers {
    /// All that are there.
    pub(super) all: usize,
    /// Those that take what schedulers take.
    pub(super) schedulers: usize,
    /// Those that take what workers take.
    pub(super) workers: usize,
}

/// How many processes are there; none: that is not known.
pub(super) async fn known(engine: &Engine, now: Option<Timestamp>) -> Option<Takers> {
    let (now, mut all) = (now?, processes(&*engine.store).await.ok()?);
    all.retain(|process| process.is_there(now));
    let of = |role: &str| {
        all.iter().filter(|process| process.role == role || process.role == "serve").count()
    };
    Some(Takers { all: all.len(), schedulers: of("scheduler"), workers: of("worker") })
}

/// How many there are of each role, and which is missing.
fn counted(there: &[&Presence], gone: &[&Presence]) -> Finding {
    let mut roles: BTreeMap<&str, usize> = BTreeMap::new();
    for process in there {
        *roles.entry(&process.role).or_default() += 1;
    }
    let has = |role: &str| roles.contains_key(role) || roles.contains_key("serve");
    let told: Vec<String> = roles.iter().map(|(role, count)| format!("{count} {role}")).collect();
    let told = if told.is_empty() { "none is there".to_owned() } else { told.join(", ") };
    // One that did not leave may run still, and not reach the database any more: a second one mends nothing.
    let start = |role: &str, otherwise: &str| match gone.iter().find(|one| one.role == role) {
        Some(lost) => format!(
            "{}: if it runs, its `/health/ready` and log say why it is not heard of (a new password of the database is \
             read at a start: start it again); if not, {otherwise}",
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

/// The way out of trouble with `part`.
fn mend(part: &str) -> &'static str {
    match part {
        "clock" => "set its machine's clock: `timedatectl set-ntp true` keeps time by NTP",
        "broker" => super::broker::ALARM,
        _ => "look at the database and its log, and at the way from that machine to it",
    }
}
