//! The data folder: one process writes it, and only a version that knows it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;

use crate::coalition::{self, requisitions, row};
use crate::secretariat::Service;
use crate::support::{is_clean, lots, run, run_example, text};

/// Changes a database behind Waybill's back.
fn sql(database: &Path, statement: &'static str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
        let mut connection = options.connect().await?;
        connection.execute(statement).await?;
        sqlx::Connection::close(connection).await?;
        Ok(())
    })
}

fn with_one_lot(folder: &Path) -> Result<std::path::PathBuf> {
    let (file, data) = (folder.join("r.csv"), folder.join("data"));
    requisitions(&file, &[row("R-1", 10)])?;
    run(&["import", text(&file)?, "--data", text(&data)?])?.ok()?;
    Ok(data)
}

#[test]
fn a_second_serve_is_refused() -> Result<()> {
    let folder = TempDir::new()?;
    let data = with_one_lot(folder.path())?;
    let first = Service::start(&data, None)?;
    let second = run(&["serve", "--data", text(&data)?])?;
    second.failed(1, &["in use by another waybill", "hint:"])?;
    let other = run_example(&data, &[])?;
    other.failed(1, &["in use by another waybill", "hint:"])?;
    // The first one still answers.
    ensure!(lots(&data)?.len() == 1);
    first.stop()?;
    is_clean(&data)?;
    Ok(())
}

#[test]
fn a_killed_serve_leaves_no_lock() -> Result<()> {
    let folder = TempDir::new()?;
    let data = with_one_lot(folder.path())?;
    Service::start(&data, None)?.kill()?;
    ensure!(lots(&data)?.len() == 1);
    Service::start(&data, None)?.stop()?;
    is_clean(&data)?;
    Ok(())
}

#[test]
fn a_database_of_a_newer_version_is_refused() -> Result<()> {
    let folder = TempDir::new()?;
    let data = with_one_lot(folder.path())?;
    let database = data.join("waybill.sqlite");
    sql(
        &database,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99990101000000, 'from the future', 1, x'00', 0)",
    )?;
    let before = fs::read(&database)?;
    let data = text(&data)?;
    let file = folder.path().join("r.csv");
    let store = format!("sqlite:{}", text(&database)?);
    for arguments in [
        vec!["lots", "--data", data],
        vec!["check", "--data", data],
        vec!["check", "--store", &store],
        vec!["import", text(&file)?, "--data", data],
        vec!["serve", "--data", data],
    ] {
        run(&arguments)?.failed(1, &["waybill.sqlite", "newer version", "use that version"])?;
    }
    ensure!(fs::read(&database)? == before, "the database was changed");
    Ok(())
}

#[test]
fn a_data_folder_that_is_a_file_is_refused() -> Result<()> {
    let folder = TempDir::new()?;
    let (file, data) = (folder.path().join("r.csv"), folder.path().join("data"));
    requisitions(&file, &[row("R-1", 10)])?;
    fs::write(&data, "mine")?;
    for command in [&["serve"][..], &["import", text(&file)?], &["lots"], &["check"]] {
        let arguments = [command, &["--data", text(&data)?]].concat();
        run(&arguments)?.failed(1, &[text(&data)?, "hint:"])?;
    }
    run_example(&data, &[])?.failed(1, &[text(&data)?, "hint:"])?;
    ensure!(fs::read_to_string(&data)? == "mine");
    Ok(())
}

#[test]
fn what_is_no_database_is_refused() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    fs::create_dir(&data)?;
    fs::write(
        data.join("waybill.sqlite"),
        "not a database, but long enough to look at".repeat(99),
    )?;
    let said = run(&["lots", "--data", text(&data)?])?;
    said.failed(1, &["waybill.sqlite", "not a database", "hint:"])?;
    Ok(())
}

#[test]
fn a_change_behind_our_back_is_found() -> Result<()> {
    for change in [
        "DROP TRIGGER events_are_not_changed;
         UPDATE events SET body = replace(body, '10000', '9000')",
        "DROP TRIGGER events_are_not_changed; UPDATE events SET previous = 1 WHERE position = 2",
        "DROP TRIGGER events_are_not_deleted; DELETE FROM events WHERE position = 1",
        "UPDATE lots SET state = 'delivered'",
        "UPDATE lots SET version = 9",
        "UPDATE lots SET rank = 9",
        "UPDATE lots SET event = 1",
        "DELETE FROM lots",
        "DELETE FROM chain",
    ] {
        let folder = TempDir::new()?;
        let data = with_one_lot(folder.path())?;
        sql(&data.join("waybill.sqlite"), change)?;
        let said = run(&["check", "--data", text(&data)?, "--json"])?;
        ensure!(said.code == Some(2), "{change}: {said:?}");
        let found: serde_json::Value =
            serde_json::from_str(&said.out).with_context(|| format!("{change}: {said:?}"))?;
        ensure!(found["ok"] == false, "{change}: {found}");
        for field in ["invariant", "subject", "detail"] {
            ensure!(found["violations"][0][field].is_string(), "{change}: {found}");
        }
    }
    Ok(())
}

/// What a need or a file waits for is taken away, and nothing else says so.
#[test]
fn what_nobody_will_ever_do_is_found() -> Result<()> {
    let folder = TempDir::new()?;
    let lot = with_one_lot(folder.path())?;
    let dir = coalition::write(folder.path(), &[row("R-2", 1)])?;
    let settings = fs::read_to_string(dir.join("coalition.toml"))?;
    fs::write(dir.join("coalition.toml"), settings + "on = \"2098-01-01\"\n")?;
    let planned = folder.path().join("planned");
    run(&["import", text(&dir)?, "--data", text(&planned)?])?.ok()?;
    for (data, change, invariant, detail) in [
        (&lot, "UPDATE lots SET due = NULL", "I13", "is never due"),
        (&planned, "DELETE FROM jobs", "I9", "files wait for their day"),
    ] {
        run(&["check", "--data", text(data)?])?.ok()?;
        sql(&data.join("waybill.sqlite"), change)?;
        let said = run(&["check", "--data", text(data)?, "--json"])?;
        let found: serde_json::Value =
            serde_json::from_str(&said.out).with_context(|| format!("{change}: {said:?}"))?;
        let is_named = |violation: &serde_json::Value| {
            violation["invariant"] == invariant
                && violation["detail"].as_str().is_some_and(|said| said.contains(detail))
        };
        let all = found["violations"].as_array().context("violations")?;
        ensure!(said.code == Some(2) && all.iter().any(is_named), "{change}: {found}");
    }
    Ok(())
}

#[test]
fn no_data_is_the_callers_mistake() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("none");
    for command in [&["lots"][..], &["check"], &["show", "LOT-001"]] {
        let arguments = [command, &["--data", text(&data)?]].concat();
        run(&arguments)?.failed(1, &["there is no data", "hint:"])?;
        ensure!(!data.exists());
    }
    Ok(())
}
