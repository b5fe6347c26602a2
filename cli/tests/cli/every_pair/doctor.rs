//! `waybill doctor` with a service that is well.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::secretariat::Secretariat;
use crate::support::{SOON, eventually, run, text};

/// The finding of `check`.
pub(crate) fn finding(diagnosis: &Value, check: &str) -> Result<Value> {
    let mut findings = diagnosis["findings"].as_array().into_iter().flatten();
    let found = findings.find(|finding| finding["check"] == check);
    found.cloned().with_context(|| format!("nothing of {check}: {diagnosis}"))
}

#[test]
fn a_service_that_is_well_has_nothing_bad() -> Result<()> {
    let secretariat = Secretariat::open(2)?;
    secretariat.until("LOT-001", "response")?;
    let data = text(&secretariat.data)?;
    let checks = [
        "service",
        "store",
        "migrations",
        "pipeline",
        "broker",
        "leader",
        "work",
        "leases",
        "events",
        "calendar",
        "webhooks",
        "modes",
    ];
    let diagnosis = eventually("everything is well", SOON, || {
        let said = run(&["doctor", "--data", data, "--json"])?;
        let diagnosis: Value = serde_json::from_str(&said.out)?;
        let health = |check: &&str| finding(&diagnosis, check).map(|found| found["health"] == "ok");
        let all: Result<Vec<bool>> = checks.iter().map(health).collect();
        Ok(all?.into_iter().all(|is_ok| is_ok).then_some(diagnosis))
    })?;
    // How full this machine's disk is, is not ours to say.
    ensure!(finding(&diagnosis, "disk")?["seen"].is_string(), "{diagnosis}");
    let said = run(&["doctor", "--data", data])?;
    ensure!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
    ensure!(said.out.starts_with("ok    service"), "{}", said.out);
    Ok(())
}
