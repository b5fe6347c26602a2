//! A database of a version that asked less: it opens, `doctor` names what it holds beyond today's rules, what is beyond them
//! can be said anew, and it moves to Postgres, unless it holds what Postgres keeps nowhere.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use waybill_shared::domain::ids::LineId;
use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{ChangeSet, Fate, LineChange, Reads as _, RecordChange, Store};

use crate::coalition;
use crate::support::{is_clean, run, text};

/// Writes what its doors do not let in any more, as an older version did.
fn write_beyond(data: &Path, nul: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = SqliteStore::open(&data.join("waybill.sqlite")).await?;
        let mut change_set = ChangeSet::new("donor AA", chrono::Utc::now());
        let mut gives = |id: &str, field: &str, value: Value| {
            let mut body = json!({"id": id, "donors": ["AA"], "firmness": "pledge", "stated": "2025-01-01",
                                  "source": "invented", field: value});
            body["id"] = json!(id);
            change_set.records.push(RecordChange {
                kind: RecordKind::Contribution,
                id: id.to_owned(),
                expected: 0,
                body: body.to_string(),
                event: RecordEvent::RecordStated,
            });
        };
        gives("OLD-DAY", "obligate_by", json!("-262143-01-01"));
        gives("OLD\u{1b}[31m", "source", json!("invented"));
        gives("LOT-7K2", "source", json!("invented"));
        gives("OLD-LENGTH", "source", json!("x".repeat(20_000)));
        gives("OLD-LEAD", "in_kind", json!([{"item": "Tablet", "quantity": 1000, "lead_days": u32::MAX}]));
        gives("OLD-MONEY", "amount", json!({"minor": i64::MAX / 2, "currency": "EUR"}));
        if nul {
            gives("OLD\0NUL", "source", json!("invented"));
        }
        let (id, before) = store.lines(&[LineId(1)]).await?.pop().context("a line")?;
        let mut line = before.line.clone();
        line.description = "x\u{7}".repeat(9000);
        change_set.lines.push(LineChange::stated(id, &before, line.clone(), line));
        let fates = store.commit(vec![change_set]).await?;
        store.close().await;
        ensure!(fates == [Fate::Committed], "{fates:?}");
        Ok(())
    })
}

fn old(nul: bool) -> Result<(TempDir, std::path::PathBuf)> {
    let folder = TempDir::new()?;
    let dir = coalition::write(folder.path(), &[coalition::row("R-1", 2)])?;
    let data = folder.path().join("data");
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    write_beyond(&data, nul)?;
    Ok((folder, data))
}

#[test]
fn what_an_older_version_took_is_named_and_can_be_said_anew() -> Result<()> {
    let (_folder, data) = old(true)?;
    let at = text(&data)?;
    is_clean(&data)?;
    for words in [&["lots"][..], &["lines"], &["money"], &["status"], &["show", "LINE-001"]] {
        run(&[words, &["--data", at]].concat())?.ok()?;
    }
    let said: Value = serde_json::from_str(&run(&["doctor", "--data", at, "--json"])?.out)?;
    let findings = said["findings"].as_array().context("findings")?;
    let values: Vec<String> = findings
        .iter()
        .filter(|finding| finding["check"] == "values")
        .map(|finding| format!("{}: {} -> {}", finding["health"], finding["seen"], finding["mend"]))
        .collect();
    for parts in [
        ["contribution:OLD-DAY: obligate_by", "-262143", "waybill import"],
        ["contribution:OLD", "the id contains the control character U+001B", "waybill import"],
        ["contribution:LOT-7K2: the id", "looks like an id of a lot", "waybill import"],
        ["contribution:OLD-LENGTH: source", "20000 characters", "waybill import"],
        ["contribution:OLD-LEAD: in_kind", "4294967295 days", "waybill import"],
        ["contribution:OLD-MONEY: amount.minor", "15 digits", "waybill import"],
        ["contribution:OLD", "U+0000", "has to stay on SQLite"],
        ["LINE-001: description", "18000 characters", "waybill amend LINE-001"],
    ] {
        let is_named = values.iter().any(|value| parts.iter().all(|part| value.contains(part)));
        ensure!(is_named, "{parts:?} is not named:\n{}", values.join("\n"));
    }
    ensure!(values.iter().all(|value| value.starts_with("\"warn\"")), "{values:?}");

    // What is not said anew is not judged again.
    run(&["amend", "LINE-001", "quantity=3", "--data", at, "--yes"])?.ok()?;
    let line = run(&["lines", "--data", at, "--json"])?.json()?;
    ensure!(line[0]["quantity"] == "3", "{}", line[0]["quantity"]);
    let bad = run(&["amend", "LINE-001", "description=a\u{7}b", "--data", at, "--yes"])?;
    bad.failed(1, &["control character"])?;
    run(&["amend", "LINE-001", "description=short", "--data", at, "--yes"])?.ok()?;
    let said = run(&["doctor", "--data", at, "--json"])?.out;
    ensure!(!said.contains("LINE-001: description"), "{said}");
    is_clean(&data)?;
    Ok(())
}

#[test]
fn it_moves_to_postgres_unless_it_holds_a_nul() -> Result<()> {
    for nul in [false, true] {
        let (folder, data) = old(nul)?;
        let events = is_clean(&data)?;
        let file = folder.path().join("export.jsonl");
        run(&["export", text(&file)?, "--data", text(&data)?])?.ok()?;
        let store = waybill_services::database()?;
        let moved = run(&["import", text(&file)?, "--store", &store])?;
        if nul {
            let parts =
                ["contribution:OLD\\0NUL", "NUL (U+0000)", "nothing was written", "--data FOLDER"];
            moved.failed(1, &parts)?;
            // It is as empty as before.
            let (_folder, data) = old(false)?;
            let other = folder.path().join("other.jsonl");
            run(&["export", text(&other)?, "--data", text(&data)?])?.ok()?;
            run(&["import", text(&other)?, "--store", &store])?.ok()?;
            continue;
        }
        moved.ok()?;
        let found = run(&["check", "--store", &store, "--json"])?.json()?;
        ensure!(found["ok"] == true && found["events"] == events, "{found}");
    }
    Ok(())
}
