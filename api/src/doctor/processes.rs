//! The processes that share a store: which are there, which are missing, and what each says of itself.

use std::collections::{BTreeMap, BTreeSet};

use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::presence::{Presence, processes};
use waybill_shared::store::Condition;

use super::{Finding, long, unread};

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
    let mut findings = vec![counted(&there)];
    for process in &there {
        for trouble in &process.troubles {
            let seen = format!("{}: {}", process.name(), trouble.told());
            findings.push(Finding::bad(CHECK, seen, mend(&trouble.part)));
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
        findings.push(Finding::warn(CHECK, seen, "start it again, if nothing has taken its place"));
    }
    findings
}

/// How many processes are there; none: that is not known.
pub(super) async fn known(engine: &Engine, now: Option<Timestamp>) -> Option<usize> {
    let (now, all) = (now?, processes(&*engine.store).await.ok()?);
    Some(all.iter().filter(|process| process.is_there(now)).count())
}

/// How many there are of each role, and which is missing.
fn counted(there: &[&Presence]) -> Finding {
    let mut roles: BTreeMap<&str, usize> = BTreeMap::new();
    for process in there {
        *roles.entry(&process.role).or_default() += 1;
    }
    let has = |role: &str| roles.contains_key(role) || roles.contains_key("serve");
    let told: Vec<String> = roles.iter().map(|(role, count)| format!("{count} {role}")).collect();
    let told = if told.is_empty() { "none is there".to_owned() } else { told.join(", ") };
    match (has("scheduler"), has("worker")) {
        (true, true) => Finding::ok(CHECK, told),
        (true, false) => Finding::bad(CHECK, format!("{told}: no worker"), "waybill worker"),
        (false, _) => Finding::bad(
            CHECK,
            format!("{told}: no scheduler"),
            "waybill scheduler, or waybill serve",
        ),
    }
}

/// The way out of trouble with `part`.
fn mend(part: &str) -> &'static str {
    match part {
        "clock" => "set its machine's clock: `timedatectl set-ntp true` keeps time by NTP",
        "broker" => super::ALARM,
        _ => "look at the database and its log, and at the way from that machine to it",
    }
}
