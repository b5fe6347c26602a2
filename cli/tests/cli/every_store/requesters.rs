//! An external id belongs to its requester: two ministries may both number from 1.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::coalition::{self, HEADER};
use crate::secretariat::Service;
use crate::support::{Said, is_clean, run, show, text};

/// A coalition with two ministries in a data folder.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) dir: PathBuf,
    pub(crate) data: PathBuf,
}

/// A row of `requester`, whose consignees are C1 and C2.
pub(crate) fn row(id: &str, requester: &str, item: &str, quantity: u32) -> String {
    let consignee = if requester == "REQ" { "C1" } else { "C2" };
    format!(
        "{id},{requester},{item},,goods,30213100-6,CPV,{quantity},H87,100.00,EUR,1,1,2025-01-02,,\
         {consignee},,0,invented"
    )
}

impl Place {
    pub(crate) fn new() -> Result<Self> {
        let folder = TempDir::new()?;
        let dir = coalition::write(folder.path(), &[])?;
        fs::write(
            dir.join("consignees.csv"),
            "code,requester,address\nC1,REQ,1 Example Street\nC2,REQ2,2 Example Street\n",
        )?;
        let data = folder.path().join("data");
        let place = Self { folder, dir, data };
        place.import(&place.dir)?.ok()?;
        Ok(place)
    }

    /// Runs `waybill` on the data.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Said> {
        run(&[arguments, &["--data", text(&self.data)?]].concat())
    }

    pub(crate) fn import(&self, path: &Path) -> Result<Said> {
        self.run(&["import", text(path)?])
    }

    /// Writes a file of requisitions.
    pub(crate) fn write(&self, name: &str, rows: &[String]) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("{HEADER}\n{}\n", rows.join("\n")))?;
        Ok(path)
    }

    /// Writes and imports it.
    pub(crate) fn hand_in(&self, name: &str, rows: &[String]) -> Result<Said> {
        self.import(&self.write(name, rows)?)
    }

    /// Requester, id, item and quantity of each line.
    pub(crate) fn lines(&self) -> Result<Vec<String>> {
        let lines = self.run(&["lines", "--json"])?.json()?;
        let line = |line: &Value| {
            let field = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            ["requester", "external_id", "item", "quantity"].map(field).join(" ")
        };
        Ok(lines.as_array().context("lines")?.iter().map(line).collect())
    }
}

#[test]
fn two_ministries_that_both_number_from_one_have_two_lines_one() -> Result<()> {
    let place = Place::new()?;
    let ministry_a = [row("1", "REQ", "Laptop", 10), row("2", "REQ", "Tablet", 30)];
    place.hand_in("a.csv", &ministry_a)?.ok()?;
    let ministry_b = [row("1", "REQ2", "Router", 5), row("2", "REQ2", "Router", 6)];
    place.hand_in("b.csv", &ministry_b)?.ok()?;
    let all = ["REQ 1 Laptop 10", "REQ 2 Tablet 30", "REQ2 1 Router 5", "REQ2 2 Router 6"];
    ensure!(place.lines()? == all, "{:?}", place.lines()?);

    // In one file, and again, they stay apart.
    let both = [&ministry_a[..], &ministry_b[..]].concat();
    let said = place.hand_in("both.csv", &both)?.ok()?;
    ensure!(said.out.starts_with("0 new, 0 amended, 4 unchanged"), "{}", said.out);

    // The bare id is ambiguous, with its requester it is not; an id of one requester needs none.
    let parts = ["REQ/1 (LINE-001)", "REQ2/1 (LINE-003)"];
    place.run(&["show", "1"])?.failed(1, &parts)?;
    place.run(&["amend", "1", "quantity=11", "--yes"])?.failed(1, &parts)?;
    place.run(&["amend", "REQ2/1", "quantity=7", "--yes"])?.ok()?;
    ensure!(show(&place.data, "REQ/1")?["facts"].to_string().contains("10"));
    ensure!(place.lines()?.contains(&"REQ2 1 Router 7".to_owned()));
    is_clean(&place.data)?;
    Ok(())
}

#[test]
fn each_requester_sees_its_own_line_one_over_the_api() -> Result<()> {
    let place = Place::new()?;
    let address = "127.0.0.1:0";
    let pipeline = place.dir.join("pipeline.toml");
    let _service = Service::start_with(&place.data, Some(&pipeline), &["--listen", address])?;
    for (party, quantity) in [("REQ", 10), ("REQ2", 20)] {
        let file = place.write("own.csv", &[row("1", party, "Laptop", quantity)])?;
        place.run(&["submit", text(&file)?, "--yes"])?.ok()?;
    }
    let all = ["REQ 1 Laptop 10", "REQ2 1 Laptop 20"];
    ensure!(place.lines()? == all, "{:?}", place.lines()?);
    // Names that look alike or hide something are no other requester.
    let hidden = [row("1", "REQ\u{200b}", "Laptop", 1)];
    place
        .hand_in("hidden.csv", &hidden)?
        .failed(1, &["hidden.csv, row 2, field requester", "U+200B"])?;
    let alike = [row("1", "R\u{415}Q", "Laptop", 1)];
    let letter = ["Cyrillic", "U+0415", "did you mean `REQ`?"];
    place.hand_in("alike.csv", &alike)?.failed(1, &letter)?;
    ensure!(place.lines()? == all, "{:?}", place.lines()?);
    is_clean(&place.data)?;
    Ok(())
}

#[test]
fn an_id_that_changes_its_requester_is_refused_until_the_requester_is_renamed() -> Result<()> {
    let place = Place::new()?;
    place.hand_in("needs.csv", &[row("1", "REQ", "Laptop", 10)])?.ok()?;
    let moved = [row("1", "REQ2", "Laptop", 10)];
    let names = [
        "needs.csv, row 2, field requester, value \"REQ2\"",
        "has `1` as a line of REQ, not of REQ2",
    ];
    place.hand_in("needs.csv", &moved)?.failed(1, &names)?;
    ensure!(place.lines()? == ["REQ 1 Laptop 10"], "{:?}", place.lines()?);

    // Only to a new id, once, and only requesters.
    let rename = |from: &str, to: &str| {
        place.run(&["member", "rename", from, "--to", to, "--evidence", "decree 7"])
    };
    rename("REQ", "REQ2")?.failed(1, &["REQ2", "already exists"])?;
    rename("AA", "BB")?.failed(1, &["AA", "member", "only requesters"])?;
    rename("REQ", "REQ3")?.ok()?;
    let again = rename("REQ", "REQ3")?.ok()?;
    ensure!(
        again.out.contains("it is called REQ3 already")
            || again.err.contains("it is called REQ3 already"),
        "{again:?}"
    );

    // Files that call it by either id mean the same line.
    for requester in ["REQ", "REQ3"] {
        let row = row("1", requester, "Laptop", 10).replace("C2", "C1");
        let said = place.hand_in("needs.csv", &[row])?.ok()?;
        ensure!(said.out.starts_with("0 new, 0 amended, 1 unchanged"), "{requester}: {}", said.out);
    }
    ensure!(place.lines()? == ["REQ3 1 Laptop 10"], "{:?}", place.lines()?);
    is_clean(&place.data)?;
    Ok(())
}

/// What `check` finds in a database that an earlier version wrote.
pub(crate) fn found(fixture: &str) -> Result<Vec<Value>> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/fixtures").join(fixture);
    let restore = ["restore", text(&file)?, "--as-it-is", "--yes", "--data", text(&data)?];
    run(&restore)?.ok()?;
    let check = run(&["check", "--data", text(&data)?, "--json"])?;
    ensure!(check.code == Some(2), "{check:?}");
    let findings: Value = serde_json::from_str(&check.out)?;
    ensure!(findings["ok"] == false, "{findings}");
    Ok(findings["violations"].as_array().context("violations")?.clone())
}

pub(crate) fn names(
    violations: &[Value],
    invariant: &str,
    subject: &str,
    parts: &[&str],
) -> Result<()> {
    let is_it = |found: &&Value| found["invariant"] == invariant && found["subject"] == subject;
    let found = violations.iter().find(is_it);
    let detail = found.and_then(|found| found["detail"].as_str()).unwrap_or_default();
    let has_all = parts.iter().all(|part| detail.contains(part));
    ensure!(has_all && found.is_some(), "no {invariant} of {subject}: {violations:?}");
    Ok(())
}

#[test]
fn check_names_line_and_file_where_an_earlier_version_overwrote_a_need() -> Result<()> {
    let violations = found("overwritten.jsonl.gz")?;
    let parts = ["line `1` of MIN", "ministry-b.csv", "MIN2"];
    names(&violations, "I9", "LINE-001", &parts)?;
    names(&violations, "I9", "LINE-002", &["line `2` of MIN", "ministry-b.csv"])?;
    ensure!(violations.len() == 2, "{violations:?}");
    Ok(())
}

#[test]
fn check_names_a_need_that_an_earlier_version_merged_into_a_declined_one() -> Result<()> {
    let violations = found("merged_into_declined.jsonl.gz")?;
    names(&violations, "I13", "LOT-002", &["line MIN/D-2", "LOT-001", "declined"])?;
    ensure!(violations.len() == 1, "{violations:?}");
    Ok(())
}
