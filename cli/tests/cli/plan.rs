//! `waybill plan`: the roadmap of the example, early in its history.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{is_clean, run, run_example, text};

/// The example up to a day on which much is open, once for all tests of this file.
fn example() -> Result<PathBuf> {
    static DATA: OnceLock<Result<(TempDir, PathBuf), String>> = OnceLock::new();
    let made = DATA.get_or_init(|| {
        let make = || -> Result<(TempDir, PathBuf)> {
            let folder = TempDir::new()?;
            let data = folder.path().join("data");
            run_example(&data, &["--until", "2024-05-15"])?.ok()?;
            Ok((folder, data))
        };
        make().map_err(|error| format!("{error:#}"))
    });
    let (_, data) = made.as_ref().map_err(|error| anyhow::anyhow!("the example: {error}"))?;
    let copy = tempfile::tempdir()?.keep();
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), copy.join(entry.file_name()))?;
        }
    }
    Ok(copy)
}

/// A copy of the data that goes with the test.
struct Copy(PathBuf);

impl Copy {
    fn of_the_example() -> Result<Self> {
        Ok(Self(example()?))
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Result<Vec<&'a str>> {
        let mut all = vec!["plan", "--from", "2024-05-15", "--data", text(&self.0)?];
        all.extend(more);
        Ok(all)
    }

    fn plan(&self, more: &[&str]) -> Result<Value> {
        let mut arguments = self.arguments(more)?;
        arguments.push("--json");
        run(&arguments)?.json()
    }

    /// The lots that changes move, with when they are funded before and then.
    fn moved(&self, more: &[&str]) -> Result<Vec<(String, Value, Value)>> {
        let plan = self.plan(more)?;
        let lots = plan["difference"]["lots"].as_array().context("lots")?.clone();
        let lot = |lot: &Value| {
            let id = lot["lot"].as_str().context("a lot")?.to_owned();
            Ok((id, lot["before"].clone(), lot["after"].clone()))
        };
        lots.iter().map(lot).collect()
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn the_roadmap_reads_well_and_commits_nothing() -> Result<()> {
    let copy = Copy::of_the_example()?;
    let events = is_clean(&copy.0)?;
    let said = run(&copy.arguments(&[])?)?.ok()?.out;
    insta::assert_snapshot!("plan", said);
    for line in said.lines() {
        ensure!(line.chars().count() <= 80, "{line}");
    }
    ensure!(is_clean(&copy.0)? == events, "it wrote something");
    Ok(())
}

#[test]
fn each_change_does_what_it_says() -> Result<()> {
    let copy = Copy::of_the_example()?;
    let gains = copy.moved(&["--add", "LU 5M EUR from 2025-01"])?;
    ensure!(
        !gains.is_empty()
            && gains
                .iter()
                .all(|(_, before, after)| { before.is_null() && *after == "2025-01-01" }),
        "{gains:?}"
    );
    let losses = copy.moved(&["--withdraw", "NL"])?;
    ensure!(!losses.is_empty() && losses.iter().all(|(_, _, after)| after.is_null()), "{losses:?}");
    // The first in rank gets the money that comes next.
    let ranked = copy.moved(&["--rank", "REQ-2024-10/5", "1"])?;
    let first = ranked.iter().find(|(lot, ..)| lot == "LOT-01J").context("the lot")?;
    ensure!(first.1.is_null() && first.2 == "2024-07-01", "{ranked:?}");
    // A supplier that fails is dearer to replace, or cannot be: others get the money.
    let failed = copy.moved(&["--fail", "SUP-10"])?;
    ensure!(!failed.is_empty(), "nothing depends on the supplier");
    for (change, part) in [
        (["--withdraw", "XX"], "there is no donor `XX`"),
        (["--fail", "XX"], "there is no supplier `XX`"),
        (["--add", "LU 5M"], "write it as `LU 5M EUR from 2027-01`"),
        (["--add", "XX 5M EUR from 2027-01"], "there is no donor `XX`"),
        (["--quarters", "0"], "between 1 and 40"),
    ] {
        run(&copy.arguments(&change)?)?.failed(1, &[part])?;
    }
    run(&copy.arguments(&["--rank", "XX", "1"])?)?.failed(1, &["there is no line `XX`"])?;
    run(&copy.arguments(&["--rank", "REQ-2024-01/1", "x"])?)?.failed(1, &["`x` is not a rank"])?;
    Ok(())
}

#[test]
fn money_that_would_lapse_says_what_would_save_it() -> Result<()> {
    let copy = Copy::of_the_example()?;
    let plan = copy.plan(&[])?;
    let lapse = &plan["plan"]["lapses"][0];
    ensure!(lapse["envelope"] == "DK-2024-1" && lapse["last_day"] == "2026-12-31", "{lapse}");
    let saving = &lapse["saved_by"][0];
    ensure!(saving["change"] == "lift_earmark", "{lapse}");
    ensure!(saving["lots"].as_i64().is_some_and(|lots| lots > 0), "{lapse}");
    Ok(())
}

#[test]
fn the_plan_is_a_table_and_a_page_too() -> Result<()> {
    let copy = Copy::of_the_example()?;
    let (csv, html) = (copy.0.join("plan.csv"), copy.0.join("plan.html"));
    let files =
        ["--output", text(&csv)?, "--output", text(&html)?, "--add", "LU 5M EUR from 2025-01"];
    let plan = copy.plan(&files)?;
    let table = fs::read_to_string(&csv)?;
    let funded = plan["plan"]["quarters"].as_array().context("quarters")?;
    let payers = funded.iter().flat_map(|quarter| quarter["funded"].as_array()).flatten();
    let payers: usize = payers.filter_map(|lot| lot["payers"].as_array()).map(Vec::len).sum();
    let rows = |what: &str| table.lines().filter(|line| line.starts_with(what)).count();
    ensure!(rows("funded,") == payers && payers > 10, "{table}");
    ensure!(Some(rows("open,")) == plan["plan"]["open"].as_array().map(Vec::len), "{table}");
    let page = fs::read_to_string(&html)?;
    for part in ["Roadmap", "2025 Q1", "Money that would lapse", "The effect of the changes"] {
        ensure!(page.contains(part), "the page does not say {part}");
    }
    for outside in ["src=\"http", "<script", "url(http", "@import"] {
        ensure!(!page.contains(outside), "the page is not self-contained: {outside}");
    }
    Ok(())
}
