//! `waybill run`: its contract with scripts, and that it is deterministic.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::pair::pair;
use crate::pair::{Pair, say};
use crate::support::{self, example_copy, example_run, is_clean, run_example, text};

fn without_wall(mut report: Value) -> Value {
    if let Some(fields) = report.as_object_mut() {
        fields.remove("wall_s");
    }
    report
}

#[test]
fn the_report_is_one_document_with_the_fields_of_the_contract() -> Result<()> {
    let example = example_run()?;
    let report = &example.report;
    let lots = report["lots"].as_object().context("lots")?;
    let count = |value: &Value| value.as_u64().context("not a count");
    for (state, lots) in lots {
        ensure!(count(lots)? > 0, "no lots are {state}, yet it is listed");
    }
    let (lines, orders) = (count(&report["lines"])?, count(&report["orders"])?);
    ensure!((40..=80).contains(&lines), "{lines} lines");
    ensure!(orders > 0 && count(&report["steps"])? > lines * 4);
    ensure!(report["wall_s"].as_f64().is_some_and(|seconds| seconds > 0.0));
    let money = report["money"].as_array().context("money")?;
    ensure!(!money.is_empty());
    for donor in money {
        ensure!(donor["donor"].is_string() && donor["currency"].is_string());
        let amount = |name: &str| donor[name].as_i64().with_context(|| format!("{name}: {donor}"));
        let spent = amount("allocated")? + amount("obligated")? + amount("disbursed")?;
        let left = amount("committed")? - spent - amount("expired").unwrap_or(0);
        ensure!(amount("left")? == left, "{donor}");
        // Spent beyond the ceiling, by outside facts alone.
        ensure!(-left <= amount("overrun")?, "{donor}");
    }
    ensure!(example.said.out.starts_with('{') && example.said.out.ends_with("}\n"));
    let there = support::lots(&example_copy()?.data)?;
    let total: u64 = lots.values().filter_map(Value::as_u64).sum();
    ensure!(there.len() as u64 == total, "{} lots are stored, {total} reported", there.len());
    Ok(())
}

#[test]
fn the_log_replays_after_a_run() -> Result<()> {
    ensure!(is_clean(&example_copy()?.data)? > 1000);
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_report_and_page() -> Result<()> {
    let first = example_run()?;
    let folder = TempDir::new()?;
    let page = folder.path().join("report.html");
    let again = run_example(&folder.path().join("data"), &["--report", text(&page)?])?.json()?;
    ensure!(without_wall(again) == without_wall(first.report.clone()), "the reports differ");
    let (one, two) = (fs::read(&first.page)?, fs::read(&page)?);
    ensure!(one == two, "the pages differ");
    let html = String::from_utf8(one)?;
    for outside in ["src=\"http", "<script src", "url(http", "@import"] {
        ensure!(!html.contains(outside), "the page is not self-contained: {outside}");
    }
    for link in html.split("<link ").skip(1) {
        let link = link.split_once('>').map_or(link, |(link, _)| link);
        ensure!(link.contains("href=\"data:"), "the page is not self-contained: {link}");
    }
    Ok(())
}

#[test]
fn another_number_of_workers_gives_the_same_ends_and_money() -> Result<()> {
    let first = &example_run()?.report;
    let folder = TempDir::new()?;
    // The run that these are compared with has as many as the pipeline says.
    let numbers: &[&str] = if pair() == Pair::SqliteEmbedded { &["1", "4"] } else { &["4"] };
    for workers in numbers {
        let data = folder.path().join(workers);
        let other = run_example(&data, &["--workers", workers])?.json()?;
        ensure!(other["lots"] == first["lots"], "{workers} workers: {}", other["lots"]);
        ensure!(other["money"] == first["money"], "{workers} workers: {}", other["money"]);
        is_clean(&data)?;
    }
    Ok(())
}

#[test]
fn another_seed_ends_too() -> Result<()> {
    if pair() != Pair::SqliteEmbedded {
        return say("what a seed draws does not depend on the pair: another is skipped here");
    }
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let other = run_example(&data, &["--seed", "8"])?.json()?;
    ensure!(other["lines"] == example_run()?.report["lines"]);
    is_clean(&data)?;
    Ok(())
}

#[test]
fn the_same_folder_again_changes_no_lot_and_no_money() -> Result<()> {
    let first = &example_run()?.report;
    let copy = example_copy()?;
    let again = run_example(&copy.data, &[])?.json()?;
    for part in ["lots", "lines", "money", "orders"] {
        ensure!(again[part] == first[part], "{part}: {} became {}", first[part], again[part]);
    }
    is_clean(&copy.data)?;
    Ok(())
}

#[test]
fn the_same_folder_again_amends_nothing() -> Result<()> {
    let copy = example_copy()?;
    let before = support::show(&copy.data, "REQ-2024-07/1")?;
    run_example(&copy.data, &[])?.ok()?;
    let after = support::show(&copy.data, "REQ-2024-07/1")?;
    ensure!(before["timeline"] == after["timeline"], "{:?}", support::kinds(&after));
    Ok(())
}

#[test]
fn without_a_data_folder_nothing_is_left_behind() -> Result<()> {
    let folder = TempDir::new()?;
    let example = support::example();
    let mut command = support::waybill(&["run", text(&example)?, "--until", "2024-04-20"]);
    command.env("TMPDIR", folder.path());
    let said = support::finish(command)?.ok()?;
    ensure!(said.out.contains("IT Coalition"), "{}", said.out);
    ensure!(fs::read_dir(folder.path())?.next().is_none(), "a temporary folder is left");
    Ok(())
}
