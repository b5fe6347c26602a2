//! `waybill doctor` with data that is not as it should be: each finding comes with its mend.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::every_pair::doctor::finding;
use crate::support::{example_copy, run, text};

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
