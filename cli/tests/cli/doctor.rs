//! `waybill doctor`: what it says of a service that is well, and of ones that are not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::office::Office;
use crate::support::{example_copy, run, text};

/// The finding of `check`.
fn finding(diagnosis: &Value, check: &str) -> Result<Value> {
    let findings = diagnosis["findings"].as_array().into_iter().flatten();
    let found = findings.filter(|finding| finding["check"] == check).next();
    found.cloned().with_context(|| format!("nothing of {check}: {diagnosis}"))
}

#[test]
fn a_service_that_is_well_has_nothing_bad() -> Result<()> {
    let office = Office::open(2)?;
    office.until("LOT-001", "response")?;
    let data = text(&office.data)?;
    let diagnosis = run(&["doctor", "--data", data, "--json"])?.json()?;
    ensure!(diagnosis["ok"] == true, "{diagnosis}");
    for check in [
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
        "disk",
        "modes",
    ] {
        let found = finding(&diagnosis, check)?;
        // How full the disk of this machine is, is not ours to say.
        ensure!(found["health"] == "ok" || check == "disk", "{found}");
    }
    let said = run(&["doctor", "--data", data])?.ok()?;
    ensure!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
    ensure!(said.out.starts_with("ok    service"), "{}", said.out);
    Ok(())
}

#[test]
fn what_is_wrong_comes_with_its_mend() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    // Open to others: bad. Nobody serves it: to be looked at.
    fs::set_permissions(&copy.data, fs::Permissions::from_mode(0o755))?;
    let said = run(&["doctor", "--data", data, "--json"])?;
    ensure!(said.code == Some(2), "{said:?}");
    let diagnosis: Value = serde_json::from_str(&said.out)?;
    ensure!(diagnosis["ok"] == false, "{diagnosis}");
    let modes = finding(&diagnosis, "modes")?;
    ensure!(modes["health"] == "bad", "{modes}");
    let mend = modes["mend"].as_str().context("a mend")?;
    ensure!(mend == format!("chmod 700 {data}"), "{mend}");
    let service = finding(&diagnosis, "service")?;
    ensure!(service["health"] == "warn", "{service}");
    ensure!(service["mend"] == format!("waybill serve --data {data}"), "{service}");
    ensure!(finding(&diagnosis, "calendar")?["health"] == "warn", "{diagnosis}");

    fs::set_permissions(&copy.data, fs::Permissions::from_mode(0o700))?;
    let said = run(&["doctor", "--data", data])?.ok()?;
    ensure!(said.out.contains("warn  service"), "{}", said.out);

    // What cannot be opened is a finding, too.
    let file = copy.data.join("waybill.sqlite");
    fs::write(&file, "no database, ".repeat(500))?;
    for log in ["waybill.sqlite-wal", "waybill.sqlite-shm"] {
        fs::remove_file(copy.data.join(log)).ok();
    }
    let said = run(&["doctor", "--data", data])?;
    ensure!(said.code == Some(2) && said.out.starts_with("bad"), "{said:?}");
    let said = run(&["doctor", "--data", "/nowhere", "--json"])?;
    ensure!(said.code == Some(2) && said.out.contains("no data"), "{said:?}");
    Ok(())
}
