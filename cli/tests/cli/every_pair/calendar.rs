//! `waybill cron`: the calendar, what it brings, and a fire by hand.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::coalition::{self, row};
use crate::pair::Pair;
use crate::pair::pair;
use crate::secretariat::{Secretariat, Service};
use crate::support::{SOON, eventually, example_copy, kinds, run, show, text};

fn entry(data: &str) -> Result<Value> {
    let entries = run(&["cron", "list", "--data", data, "--json"])?.json()?;
    let found = entries.as_array().and_then(|all| all.first()).cloned();
    found.context("no entry")
}

#[test]
fn the_calendar_in_columns() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    let columns = ["--columns", "name,act,at,last,zone"];
    let said = run(&[&["cron", "list", "--data", data][..], &columns].concat())?.ok()?;
    insta::assert_snapshot!(said.out, @r"
    NAME     ACT      AT               LAST              ZONE
    rematch  rematch  0 6 * * MON      2025-12-15 05:00  Europe/Luxembourg
    chase    chase    0 7 * * MON-FRI  2025-12-18 06:00  Europe/Luxembourg
    lapse    lapse    5 0 * * *        2025-12-17 23:05  Europe/Luxembourg
    digest   digest   0 18 * * *       2025-12-18 17:00  Europe/Luxembourg
    ");
    let said = run(&["cron", "list", "--data", data])?.ok()?;
    ensure!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
    let coming = run(&["cron", "next", "--count", "30", "--data", data, "--json"])?.json()?;
    let coming = coming.as_array().context("a list")?;
    let times: Vec<&str> = coming.iter().filter_map(|fire| fire["at"].as_str()).collect();
    ensure!(coming.len() == 30 && times.is_sorted(), "{coming:?}");
    ensure!(coming.iter().any(|fire| fire["name"] == "rematch"), "{coming:?}");
    let said = run(&["cron", "next", "--count", "3", "--data", data])?.ok()?;
    ensure!(said.out.lines().count() == 4, "{}", said.out);
    run(&["cron", "next", "--count", "0", "--data", data])?.failed(1, &["--count"])?;
    Ok(())
}

#[test]
fn a_fire_by_hand_is_run_once_and_recorded() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dir = coalition::write(folder.path(), &[row("R-1", 1)])?;
    let pipeline = dir.join("pipeline.toml");
    let calendar =
        "\n[[cron]]\nname = \"monthly\"\nact = \"digest\"\nat = \"0 6 1 1 *\"\nzone = \"UTC\"\n";
    std::fs::write(&pipeline, std::fs::read_to_string(&pipeline)? + calendar)?;
    let Secretariat { folder: _folder, data: place, service } =
        Secretariat::open_in(folder, &dir, &[])?;
    let data = text(&place)?.to_owned();
    service.stop()?;

    // Nobody serves: it waits, and a second one changes nothing.
    let run_it =
        |more: &[&str]| run(&[&["cron", "run", "monthly", "--data", &data], more].concat());
    let tried = run_it(&["--dry-run"])?.ok()?;
    ensure!(tried.out.contains("would be due now"), "{tried:?}");
    ensure!(entry(&data)?["asked"].is_null());
    let first = run_it(&["--reason", "a trial"])?.ok()?;
    // A store that is shared may be served from elsewhere.
    let is_said = pair() != Pair::SqliteEmbedded || first.err.contains("`waybill serve`");
    ensure!(first.out == "monthly is due now\n" && is_said, "{first:?}");
    let second = run_it(&["--reason", "again"])?.ok()?;
    ensure!(second.out.contains("already due") && second.out.contains("a trial"), "{second:?}");
    let json = run_it(&["--json"])?.json()?;
    ensure!(json["is_new"] == false && json["asked"]["by"] == "operator", "{json}");
    ensure!(entry(&data)?["asked"]["reason"] == "a trial");

    let service = Service::start(&place, None)?;
    let done = eventually("it has run", SOON, || {
        let now = entry(&data)?;
        Ok((now["runs"] == 1).then_some(now))
    })?;
    ensure!(done["asked"].is_null() && done["last"].is_string(), "{done}");
    let shown = show(&place, "cron:monthly")?;
    ensure!(kinds(&shown) == ["cron.asked", "cron.fired"], "{shown}");
    let asked = &shown["timeline"][0];
    ensure!(asked["actor"] == "operator", "{shown}");
    service.stop()?;

    let unknown = run(&["cron", "run", "monthy", "--data", &data])?;
    unknown.failed(1, &["no calendar entry `monthy`", "there are: monthly"])?;
    run(&["check", "--data", &data])?.ok()?;
    Ok(())
}
