//! `waybill.toml`, environment variables and options.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::coalition::{requisitions, row};
use crate::support::{Said, finish, run, text, waybill};

/// A folder with data of five lots, and a `waybill.toml` with `settings`.
struct Place {
    folder: TempDir,
    data: PathBuf,
}

impl Place {
    fn with(settings: &str) -> Result<Self> {
        let folder = TempDir::new()?;
        let (file, data) = (folder.path().join("r.csv"), folder.path().join("data"));
        requisitions(&file, &(1..=5).map(|i| row(&format!("R-{i}"), i)).collect::<Vec<_>>())?;
        run(&["import", text(&file)?, "--data", text(&data)?])?.ok()?;
        fs::write(folder.path().join("waybill.toml"), settings)?;
        Ok(Self { folder, data })
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Said> {
        let mut command = waybill(arguments);
        command.current_dir(self.folder.path()).envs(variables.iter().copied());
        finish(command)
    }

    fn listed(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<usize> {
        let said = self.run(&[&["lots"], arguments].concat(), variables)?.ok()?;
        // The first line is the head.
        Ok(said.out.lines().count() - 1)
    }
}

#[test]
fn the_option_wins_then_the_variable_then_the_file() -> Result<()> {
    let place = Place::with("limit = 2\n")?;
    let variable = [("WAYBILL_LIMIT", "3")];
    ensure!(place.listed(&["--limit", "4"], &variable)? == 4);
    ensure!(place.listed(&[], &variable)? == 3);
    ensure!(place.listed(&[], &[])? == 2);
    fs::remove_file(place.folder.path().join("waybill.toml"))?;
    ensure!(place.listed(&[], &[])? == 5);
    Ok(())
}

#[test]
fn the_data_folder_can_be_set_anywhere() -> Result<()> {
    let place = Place::with("data = \"elsewhere\"\n")?;
    place.run(&["lots"], &[])?.failed(1, &["elsewhere"])?;
    let data = text(&place.data)?;
    ensure!(place.listed(&[], &[("WAYBILL_DATA", data)])? == 5);
    let none = [("WAYBILL_DATA", "/nowhere")];
    ensure!(place.listed(&["--data", data], &none)? == 5);
    Ok(())
}

#[test]
fn a_context_takes_the_place_of_what_holds_for_all() -> Result<()> {
    let settings = "limit = 1\n[contexts.two]\nlimit = 2\n[contexts.away]\n\
                    server = \"http://127.0.0.1:1\"\n";
    let place = Place::with(settings)?;
    ensure!(place.listed(&[], &[])? == 1);
    ensure!(place.listed(&["--context", "two"], &[])? == 2);
    ensure!(place.listed(&["--context=two", "--limit", "4"], &[])? == 4);
    ensure!(place.listed(&[], &[("WAYBILL_CONTEXT", "two")])? == 2);
    let asked = place.run(&["lots", "--context", "away"], &[])?;
    asked.failed(1, &["waybill.toml in this folder sets `server`", "waybill trust"])?;
    place.run(&["trust"], &[])?.ok()?;
    place.run(&["lots", "--context", "away"], &[])?.failed(1, &["127.0.0.1:1"])?;
    place.run(&["lots", "--context", "three"], &[])?.failed(1, &["`three`", "two"])?;
    fs::write(place.folder.path().join("waybill.toml"), format!("context = \"two\"\n{settings}"))?;
    ensure!(place.listed(&[], &[])? == 2);
    Ok(())
}

#[test]
fn a_folder_leads_nobody_elsewhere_before_it_is_trusted() -> Result<()> {
    let token = TempDir::new()?;
    let file = token.path().join("token");
    fs::write(&file, format!("wbt_0123456789ab_{}", "x".repeat(43)))?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let settings = format!(
        "server = \"http://{}\"\ntoken-file = \"{}\"\n",
        listener.local_addr()?,
        text(&file)?
    );
    let place = Place::with(&settings)?;
    for command in ["status", "lots", "todo", "doctor"] {
        place.run(&[command], &[])?.failed(1, &["`server`", "trust"])?;
    }
    ensure!(listener.accept().is_err(), "it went there");
    ensure!(place.run(&["lots", "--help"], &[])?.code == Some(0));
    place.run(&["trust"], &[])?.ok()?;
    // A change has to be trusted anew.
    fs::write(place.folder.path().join("waybill.toml"), format!("{settings}limit = 3\n"))?;
    place.run(&["status"], &[])?.failed(1, &["trust"])?;
    ensure!(listener.accept().is_err(), "it went there");
    Ok(())
}

#[test]
fn an_unknown_key_is_refused() -> Result<()> {
    let place = Place::with("limt = 2\n")?;
    place.run(&["lots"], &[])?.failed(1, &["waybill.toml", "`limt`", "hint:", "limit"])?;
    Ok(())
}

#[test]
fn a_file_that_is_not_toml_is_refused() -> Result<()> {
    let place = Place::with("limit 2\n")?;
    place.run(&["lots"], &[])?.failed(1, &["waybill.toml"])?;
    Ok(())
}

#[test]
fn a_value_of_the_wrong_type_is_the_callers_mistake() -> Result<()> {
    let place = Place::with("limit = \"many\"\n")?;
    place.run(&["lots"], &[])?.failed(1, &["limit", "many"])?;
    Ok(())
}

#[test]
fn a_switch_can_be_set_in_the_file() -> Result<()> {
    let place = Place::with("json = true\n")?;
    let said = place.run(&["lots"], &[])?;
    ensure!(said.json()?.is_array());
    Ok(())
}

#[test]
fn a_switch_can_be_set_by_variable() -> Result<()> {
    let place = Place::with("")?;
    for on in ["true", "1"] {
        let said = place.run(&["lots"], &[("WAYBILL_JSON", on)])?;
        ensure!(said.json()?.is_array(), "{on}");
    }
    for off in ["false", "0"] {
        ensure!(place.listed(&[], &[("WAYBILL_JSON", off)])? == 5, "{off}");
    }
    Ok(())
}

#[test]
fn wrong_usage_is_the_callers_mistake() -> Result<()> {
    for arguments in [&["lots", "--bogus"][..], &["lots", "--limit", "x"], &["nothing"], &["show"]]
    {
        let said = run(arguments)?;
        said.failed(1, &[])?;
    }
    Ok(())
}

#[test]
fn a_state_that_lots_cannot_have_is_refused() -> Result<()> {
    let place = Place::with("")?;
    for (name, possible) in [("state", "parked"), ("step", "issue_order"), ("awaits", "consent")] {
        let (option, variable) = (format!("--{name}"), format!("WAYBILL_{}", name.to_uppercase()));
        // What can be said instead is the way out.
        let parts = ["nonsense", &option, "possible values:", possible];
        place.run(&["lots", &option, "nonsense"], &[])?.failed(1, &parts)?;
        place.run(&["lots"], &[(&variable, "nonsense")])?.failed(1, &parts)?;
        fs::write(place.folder.path().join("waybill.toml"), format!("{name} = \"nonsense\"\n"))?;
        place.run(&["lots"], &[])?.failed(1, &parts)?;
        fs::remove_file(place.folder.path().join("waybill.toml"))?;
    }
    Ok(())
}

#[test]
fn the_log_can_be_json() -> Result<()> {
    let place = Place::with("")?;
    let service = crate::secretariat::Service::start(&place.data, None)?;
    let log = service.stop()?;
    ensure!(!log.is_empty());
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line)?;
        ensure!(entry["level"].is_string(), "{line}");
    }
    Ok(())
}

#[test]
fn help_and_version_succeed() -> Result<()> {
    for arguments in [&["--help"][..], &["--version"], &["help"], &["lots", "--help"]] {
        let said = run(arguments)?.ok()?;
        ensure!(said.out.len() > 10 && said.err.is_empty(), "{said:?}");
        ensure!(!said.out.contains(env!("CARGO_TARGET_TMPDIR")));
    }
    ensure!(Path::new(env!("CARGO_BIN_EXE_waybill")).exists());
    Ok(())
}
