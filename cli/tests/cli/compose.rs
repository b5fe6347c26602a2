//! `docker-compose.yml` parses, and what it starts is what there is: commands, options, variables.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::support::run;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn it_parses() -> Result<()> {
    let said = Command::new("docker-compose").args(["config", "-q"]).current_dir(root()).output();
    let said = said.context("docker-compose is not installed: run `scripts/services`")?;
    ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}

#[test]
fn its_commands_and_variables_are_those_of_the_program() -> Result<()> {
    let text = std::fs::read_to_string(root().join("docker-compose.yml"))?;
    for role in ["scheduler", "worker", "api"] {
        ensure!(text.contains(&format!("command: [\"{role}\"]")), "{role} is not started");
        let help = run(&[role, "--help"])?.ok()?.out;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let names = text.lines().filter_map(|line| line.trim().split_once(':'));
        for (name, _) in names.filter(|(name, _)| name.starts_with("WAYBILL_")) {
            let name = name.trim_end_matches("_FILE");
            let says = |end: &str| help.contains(&format!("[env: {name}{end}"));
            let is_known = says("=") || says("]") || name == "WAYBILL_LOG_FORMAT";
            ensure!(is_known, "`{role}` has no {name}: {help}");
        }
    }
    ensure!(text.contains("\"waybill\", \"health\""), "nothing asks for health");
    Ok(())
}

#[test]
fn a_secret_is_read_from_a_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let secret = folder.path().join("store");
    std::fs::write(&secret, "mysql://nobody\n")?;
    let mut command = crate::support::waybill(&["check"]);
    command.env("WAYBILL_STORE_FILE", &secret);
    crate::support::finish(command)?.failed(1, &["`mysql://nobody` is not a store"])?;
    let mut command = crate::support::waybill(&["check"]);
    command.env("WAYBILL_STORE_FILE", folder.path().join("none"));
    crate::support::finish(command)?.failed(1, &["none", "WAYBILL_STORE_FILE"])?;
    Ok(())
}
