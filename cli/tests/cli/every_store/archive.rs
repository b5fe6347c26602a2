//! What ended long ago leaves the log for a file: nothing else changes, the rest is proven, and every question about old
//! days is answered with the file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::pair::pair;
use crate::pair::{Database, Pair};
use crate::support::{Copy, Started, example_copy, is_clean, is_named, run, text, waybill};

/// Lots of the example had ended before this day, and others had not.
const BEFORE: &str = "2025-03-01";

/// The example, and where an archive of it goes.
struct Place {
    copy: Copy,
    folder: TempDir,
}

impl Place {
    fn open() -> Result<Self> {
        Ok(Self { copy: example_copy()?, folder: TempDir::new()? })
    }

    fn data(&self) -> Result<&str> {
        text(&self.copy.data)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("old.jsonl.gz")
    }

    fn archive(&self) -> Result<Value> {
        let file = self.file();
        let said = run(&[
            "archive",
            "--before",
            BEFORE,
            "--to",
            text(&file)?,
            "--json",
            "--data",
            self.data()?,
        ])?;
        said.json()
    }

    fn said(&self, arguments: &[&str]) -> Result<String> {
        Ok(run(&[arguments, &["--data", self.data()?]].concat())?.ok()?.out)
    }
}

fn archived(data: &Path) -> Result<i64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let database = Database::of(data).await?;
        let sql = "SELECT count(*) FROM events WHERE body LIKE '#archived %'";
        let count = database.count(sql).await?;
        database.close().await;
        Ok(count)
    })
}

/// Questions about lots, money and old days.
const QUESTIONS: [&[&str]; 6] = [
    &["show", "LOT-001"],
    &["lots", "--json"],
    &["money", "--json"],
    &["lead-times", "--json"],
    &["report", "weekly", "--on", "2024-06-30", "--json"],
    &["report", "steering", "--on", "2024-06-30", "--json"],
];

#[test]
fn what_ended_long_ago_is_in_a_file_and_every_question_is_answered_with_it() -> Result<()> {
    let place = Place::open()?;
    let data = &place.copy.data;
    let before: Vec<String> =
        QUESTIONS.iter().map(|question| place.said(question)).collect::<Result<_>>()?;
    let foreseen = place.said(&["archive", "--before", BEFORE, "--dry-run", "--json"])?;
    let foreseen: Value = serde_json::from_str(&foreseen)?;
    ensure!(archived(data)? == 0, "a dry run archived something");
    let archive = place.archive()?;
    ensure!(archive["events"] == foreseen["events"] && archive["lots"] == foreseen["lots"]);
    ensure!(archived(data)? == archive["events"].as_i64().context("a number")?, "{archive}");
    ensure!(archive["lots"].as_i64() > Some(0), "{archive}");
    is_clean(data)?;
    // Log and file prove each for itself.
    place.said(&["audit", "verify"])?;
    run(&["audit", "verify", text(&place.file())?])?.ok()?;
    // What is now is as it was; on the way, who and when.
    ensure!(place.said(&["lots", "--json"])? == before[1]);
    ensure!(place.said(&["money", "--json"])? == before[2]);
    let shown = place.said(&["show", "LOT-001"])?;
    ensure!(shown.contains("in archive 1") && shown.contains("matched"), "{shown}");
    // A day of then is not there.
    let weekly = [QUESTIONS[4], &["--data", place.data()?]].concat();
    run(&weekly)?.failed(1, &["is in archive 1", "--with-archive"])?;
    let file = place.file();
    for (question, before) in QUESTIONS.iter().zip(&before) {
        let again = place.said(&[question, &["--with-archive", text(&file)?][..]].concat())?;
        ensure!(again == *before, "{question:?}: {again}\n\nbefore: {before}");
    }
    let all = place.said(&["events", "--json", "--after", "0", "--with-archive", text(&file)?])?;
    ensure!(all.lines().next().is_some_and(|first| first.contains("\"position\":1,")), "{all}");
    place.said(&["check", "--with-archive", text(&file)?])?;
    let act = ["hold", "LOT-001", "--with-archive", text(&file)?, "--data", place.data()?];
    run(&act)?.failed(1, &["does not accept --with-archive"])?;
    // The feed begins behind it.
    let upto = archive["upto"].as_i64().context("a position")?;
    let events = |after: i64| {
        run(&["events", "--json", "--after", &after.to_string(), "--data", place.data()?])
    };
    events(0)?.failed(1, &["are in archive 1", &format!("after={upto}")])?;
    let first = events(upto)?.ok()?.out;
    let first: Value = serde_json::from_str(first.lines().next().context("an event")?)?;
    ensure!(first["position"].as_i64() > Some(upto), "{first}");
    // Again: there is nothing left to archive.
    let again = place.said(&["archive", "--before", BEFORE, "--json"])?;
    ensure!(serde_json::from_str::<Value>(&again)?["events"] == 0, "{again}");
    Ok(())
}

/// What a webhook was not told stays; what is archived is told to nobody who begins before it.
#[test]
fn what_a_webhook_was_not_told_stays() -> Result<()> {
    let place = Place::open()?;
    let create = ["webhook", "create", "https://1.1.1.1/", "--after", "0", "--json"];
    let made: Value = serde_json::from_str(&place.said(&create)?)?;
    let id = made["webhook"]["id"].as_str().with_context(|| made.to_string())?;
    let dry = ["archive", "--before", BEFORE, "--dry-run", "--data", place.data()?];
    let said = run(&dry)?.ok()?;
    ensure!(said.err.contains(&format!("{id} has received events only up to 0")), "{said:?}");
    ensure!(said.out.starts_with("0 events of 0 lots"), "{said:?}");
    place.said(&["webhook", "remove", id])?;
    place.archive()?;
    let again = run(&[&create[..], &["--data", place.data()?]].concat())?;
    again.failed(1, &["are in archive 1", "start again with after="])?;
    Ok(())
}

#[test]
fn what_was_archived_is_carried_by_backups_and_exports() -> Result<()> {
    let place = Place::open()?;
    place.archive()?;
    let events = is_clean(&place.copy.data)?;
    let export = place.folder.path().join("whole.jsonl");
    place.said(&["export", text(&export)?])?;
    let backup = place.folder.path().join("backup");
    place.said(&["backup", text(&backup)?])?;
    let data = place.folder.path().join("elsewhere");
    run(&["import", text(&export)?, "--data", text(&data)?])?.ok()?;
    ensure!(is_clean(&data)? == events, "not all is there");
    let shown = run(&["show", "LOT-001", "--data", text(&data)?])?.ok()?.out;
    ensure!(shown.contains("in archive 1"), "{shown}");
    Ok(())
}

#[test]
fn an_archive_that_was_changed_is_refused() -> Result<()> {
    let place = Place::open()?;
    place.archive()?;
    let file = place.file();
    let plain = place.folder.path().join("changed.jsonl");
    let unpacked = std::process::Command::new("gzip").args(["-dc", text(&file)?]).output()?;
    let lines = String::from_utf8(unpacked.stdout)?;
    fs::write(&plain, lines.replacen("SUP-01", "SUP-02", 1))?;
    run(&["audit", "verify", text(&plain)?])?.failed(2, &[])?;
    let asked = ["show", "LOT-001", "--with-archive", text(&plain)?, "--data", place.data()?];
    run(&asked)?.failed(1, &["was changed"])?;
    Ok(())
}

#[test]
fn check_names_a_body_that_is_in_no_archive() -> Result<()> {
    let place = Place::open()?;
    place.archive()?;
    is_clean(&place.copy.data)?;
    Database::tamper(&place.copy.data, "DELETE FROM records WHERE kind = 'archive'")?;
    is_named(&place.copy.data, "I7", "no record of such an archive")
}

/// However often it is killed, it is finished the next time.
#[test]
fn an_archive_that_is_killed_is_finished_by_the_next() -> Result<()> {
    let place = Place::open()?;
    let file = place.file();
    let arguments = ["archive", "--before", BEFORE, "--to", text(&file)?, "--data", place.data()?];
    let mut killed = 0;
    for tenths in 1.. {
        let mut command = waybill(&arguments);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut process = Started(command.spawn()?);
        // How long it lives is the input of this test.
        std::thread::sleep(Duration::from_millis(50 * tenths));
        if process.0.try_wait()?.is_some_and(|status| status.success()) {
            break;
        }
        process.0.kill()?;
        process.0.wait()?;
        killed += 1;
        fs::remove_file(place.folder.path().join("old.jsonl.gz.part")).ok();
        is_clean(&place.copy.data)?;
    }
    ensure!(killed > 0, "it was never killed");
    run(&arguments)?.ok()?;
    ensure!(archived(&place.copy.data)? > 0, "nothing was archived");
    is_clean(&place.copy.data)?;
    run(&["audit", "verify", text(&file)?])?.ok()?;
    if pair() == Pair::SqliteEmbedded {
        let status = place.said(&["status", "--json"])?;
        let status: Value = serde_json::from_str(&status)?;
        ensure!(status["log"]["archived_before"] == BEFORE, "{}", status["log"]);
        ensure!(status["log"]["begun"].is_null(), "{}", status["log"]);
    }
    Ok(())
}
