//! `waybill events`: the feed in lines, and as it goes on.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::coalition::{requisitions, row};
use crate::secretariat::Secretariat;
use crate::support::{SOON, Started, example_copy, finish, run, text, waybill};

#[test]
fn the_log_in_lines_of_the_terminals_width() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    let said = run(&["events", "--subject", "LOT-00B", "--data", data])?.ok()?;
    insta::assert_snapshot!("events_of_a_lot", said.out);
    let said = run(&["events", "--kinds", "order", "--limit", "6", "--data", data])?.ok()?;
    insta::assert_snapshot!("events_of_orders", said.out);
    ensure!(said.out.lines().count() == 6, "{}", said.out);
    let said = run(&["events", "--data", data])?.ok()?;
    ensure!(said.out.lines().count() == 20, "{}", said.out);
    ensure!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
    Ok(())
}

#[test]
fn programs_are_given_every_event_once_in_order() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    let said = run(&["events", "--after", "0", "--json", "--data", data])?.ok()?;
    let mut last = 0;
    for line in said.out.lines() {
        let event: Value = serde_json::from_str(line)?;
        ensure!(event["specversion"] == "1.0", "{event}");
        let position = event["position"].as_i64().context("a position")?;
        ensure!(position > last, "{position} after {last}");
        last = position;
    }
    // The bytes of orders are told by their own route alone.
    ensure!(said.out.lines().count() > 3_000, "{}", said.out.lines().count());
    let after = (last - 3).to_string();
    let said = run(&["events", "--after", &after, "--limit", "2", "--json", "--data", data])?;
    ensure!(said.ok()?.out.lines().count() == 2);
    run(&["events", "--after=-1", "--data", data])?.failed(1, &["--after"])?;
    Ok(())
}

/// What a process that follows the feed of `data` writes, and the process.
fn follow(data: &str, more: &[&str]) -> Result<(Started, impl Iterator<Item = Result<String>>)> {
    let mut command = waybill(&["events", "--follow", "--json", "--data", data]);
    command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Started(command.spawn()?);
    let out = process.0.stdout.take().context("stdout")?;
    Ok((process, BufReader::new(out).lines().map(|line| Ok(line?))))
}

#[test]
fn what_happens_is_told_at_once_until_ctrl_c() -> Result<()> {
    let secretariat = Secretariat::open(2)?;
    secretariat.until("LOT-001", "response")?;
    let data = text(&secretariat.data)?;
    let (mut process, mut lines) = follow(data, &["--kinds", "line", "--after", "0"])?;
    let next = |lines: &mut dyn Iterator<Item = Result<String>>| -> Result<Value> {
        Ok(serde_json::from_str(&lines.next().context("it ended")??)?)
    };
    ensure!(next(&mut lines)?["data"]["line"]["external_id"] == "R-1");
    let file = secretariat.folder.path().join("more.csv");
    requisitions(&file, &[row("R-2", 3)])?;
    run(&["import", text(&file)?, "--data", data])?.ok()?;
    let event = next(&mut lines)?;
    ensure!(event["data"]["line"]["external_id"] == "R-2", "{event}");
    process.signal("-INT")?;
    ensure!(process.end(SOON)?.code() == Some(0), "it did not end well");
    let mut err = String::new();
    let told = process.0.stderr.take().context("stderr")?;
    std::io::Read::read_to_string(&mut BufReader::new(told), &mut err)?;
    let after = err.trim().rsplit(' ').next().and_then(|last| last.parse::<i64>().ok());
    ensure!(after.is_some_and(|after| Some(after) >= event["position"].as_i64()), "{err}");
    Ok(())
}

#[test]
fn who_follows_without_a_service_keeps_nobody_out() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    let (mut process, mut lines) = follow(data, &["--limit", "1"])?;
    lines.next().context("it ended")??;
    // Others take their turn between its looks.
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("more.csv");
    let known = row("R-2", 3).replace(",REQ,", ",UA-MOD-IT,").replace(",C1,", ",UA-C01,");
    requisitions(&file, &[known])?;
    run(&["import", text(&file)?, "--data", data])?.ok()?;
    let told = lines.next().context("it ended")??;
    ensure!(told.contains("R-2"), "{told}");
    process.terminate()?;
    ensure!(process.end(SOON)?.code() == Some(0), "it did not end well");
    Ok(())
}

#[test]
fn a_reader_that_goes_away_ends_it() -> Result<()> {
    let copy = example_copy()?;
    let (mut process, lines) = follow(text(&copy.data)?, &["--after", "0"])?;
    drop(lines);
    ensure!(process.end(SOON)?.code() == Some(0), "it did not end well");
    let command = waybill(&["events", "--data", "/nowhere"]);
    finish(command)?.failed(1, &["no data"])?;
    Ok(())
}
