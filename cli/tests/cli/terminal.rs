//! What is seen and typed at a real terminal: a live view, questions, colours, Ctrl-C.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::coalition::{self, row};
use crate::every_store::by_hand::open;
use crate::pty::Terminal;
use crate::secretariat::fact;
use crate::support::{SOON, eventually, example_copy, finish, is_clean, run, show, text, waybill};

const CTRL_C: &str = "\x03";
const ENTER: &str = "\r";

fn at(data: &std::path::Path, words: &[&str]) -> Result<Command> {
    Ok(waybill(&[words, &["--data", text(data)?]].concat()))
}

#[test]
fn watch_shows_the_funnel_and_a_lot_and_acts_by_keys() -> Result<()> {
    let secretariat = open(&[row("R-1", 4), row("R-2", 3)])?;
    for lot in ["LOT-001", "LOT-002"] {
        secretariat.until(lot, "consent")?;
    }
    let mut terminal = Terminal::start(&at(&secretariat.data, &["watch", "--every", "200ms"])?)?;
    terminal.until("LOT-002")?;
    for part in ["Test", "runs, version", "match_donor", "consent", "INCIDENT", "q:end"] {
        terminal.until(part)?;
    }
    ensure!(terminal.is_taken(), "the screen that was there before is written over");

    terminal.types(ENTER)?;
    terminal.until("waits for the consent of AA")?;
    terminal.until("REQ")?;
    terminal.types("h")?;
    terminal.until("y do it")?;
    terminal.until("returns to AA-1")?;
    terminal.types("y")?;
    terminal.until("LOT-001 is held")?;
    // Whoever holds it already is told so.
    terminal.types("h")?;
    terminal.until("LOT-001: it is already on hold")?;
    let shown = show(&secretariat.data, "LOT-001")?;
    ensure!(fact(&shown, "state").is_some_and(|state| state.contains("operator")), "{shown}");
    terminal.types("\x1b")?;
    terminal.until("waits: release")?;
    terminal.types("u")?;
    terminal.until("y do it")?;
    terminal.types("y")?;
    terminal.until("LOT-001 is resumed")?;
    secretariat.until("LOT-001", "consent")?;

    terminal.resize(30, 100)?;
    eventually("it is drawn as wide as the terminal", SOON, || {
        let screen = terminal.screen();
        let wide = screen.lines().next().is_some_and(|line| line.chars().count() == 100);
        Ok(wide.then_some(()))
    })?;
    terminal.types("q")?;
    terminal.ends(0)?;
    ensure!(!terminal.is_taken() && !terminal.hides_cursor(), "the terminal is not given back");
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn watch_gives_the_terminal_back_when_it_is_told_to_end() -> Result<()> {
    let secretariat = open(&[row("R-1", 4)])?;
    secretariat.until("LOT-001", "consent")?;
    for end in [CTRL_C, "TERM"] {
        let mut terminal = Terminal::start(&at(&secretariat.data, &["watch"])?)?;
        terminal.until("LOT-001")?;
        if end == CTRL_C {
            terminal.types(end)?
        } else {
            terminal.signal(end)?
        }
        terminal.ends(0)?;
        ensure!(!terminal.is_taken() && !terminal.hides_cursor(), "after {end:?}");
    }
    Ok(())
}

#[test]
fn watch_keeps_what_it_knows_while_the_service_is_away() -> Result<()> {
    let secretariat = open(&[row("R-1", 4)])?;
    secretariat.until("LOT-001", "consent")?;
    let mut terminal = Terminal::start(&at(&secretariat.data, &["watch", "--every", "200ms"])?)?;
    terminal.until("LOT-001")?;
    secretariat.service.stop()?;
    terminal.until("no answer for")?;
    ensure!(terminal.screen().contains("LOT-001"), "{}", terminal.screen());
    terminal.types("h")?;
    terminal.until("hold 1 lot: `serve` does not answer any more")?;
    terminal.types("q")?;
    terminal.ends(0)
}

#[test]
fn watch_says_what_it_needs() -> Result<()> {
    let secretariat = open(&[row("R-1", 4)])?;
    let said = finish(at(&secretariat.data, &["watch"])?)?;
    said.failed(1, &["`waybill watch` needs a terminal", "waybill status"])?;
    secretariat.service.stop()?;
    let mut terminal = Terminal::start(&at(&secretariat.data, &["watch"])?)?;
    terminal.until("start `waybill serve` first")?;
    terminal.ends(1)
}

#[test]
fn an_act_on_several_lots_is_shown_and_asked_about() -> Result<()> {
    let secretariat = open(&[row("R-1", 4), row("R-2", 3)])?;
    for lot in ["LOT-001", "LOT-002"] {
        secretariat.until(lot, "consent")?;
    }
    let hold = at(&secretariat.data, &["hold", "--awaits", "consent"])?;
    let is_held = || {
        Ok::<_, anyhow::Error>(
            run(&["lots", "--awaits", "release", "--data", text(&secretariat.data)?])?
                .out
                .contains("LOT"),
        )
    };
    for (answer, says) in [("n", "nothing was changed"), (CTRL_C, "stopped: nothing was changed")] {
        let mut terminal = Terminal::start(&hold)?;
        terminal.until("hold 2 lots?")?;
        let screen = terminal.screen();
        ensure!(screen.contains("CHANGES") && screen.contains("LOT-002"), "{screen}");
        terminal.types(answer)?;
        terminal.until(says)?;
        terminal.ends(1)?;
        ensure!(!terminal.hides_cursor(), "the cursor is hidden after {answer:?}");
        ensure!(!is_held()?, "held by {answer:?}");
    }
    let mut terminal = Terminal::start(&hold)?;
    terminal.until("hold 2 lots?")?;
    terminal.types("y")?;
    terminal.until("held 2 lots")?;
    terminal.ends(0)?;
    ensure!(is_held()?, "not held by y");
    Ok(())
}

#[test]
fn what_was_received_is_asked_for_line_by_line() -> Result<()> {
    let secretariat = open(&[row("R-1", 4)])?;
    secretariat.until("LOT-001", "consent")?;
    let data = text(&secretariat.data)?;
    run(&["consent", "give", "LOT-001", "--data", data])?.ok()?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    run(&["order", "respond", &order, "--data", data])?.ok()?;
    secretariat.until("LOT-001", "delivery")?;
    run(&["despatch", &order, "--data", data])?.ok()?;
    let receive = at(&secretariat.data, &["receive", &order])?;
    // Ctrl-C ends the first question.
    let mut terminal = Terminal::start(&receive)?;
    terminal.until("LOT-001")?;
    terminal.types(CTRL_C)?;
    terminal.until("stopped: nothing was changed")?;
    terminal.ends(1)?;
    ensure!(!terminal.hides_cursor(), "the cursor is hidden");
    // What is usual is taken by Enter.
    let mut terminal = Terminal::start(&receive)?;
    terminal.until("LOT-001")?;
    for asked in ["accepted", "rejected"] {
        terminal.until(asked)?;
        terminal.types(ENTER)?;
    }
    terminal.until("the receipt of")?;
    terminal.ends(0)?;
    secretariat.until("LOT-001", "payment")?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn a_line_is_handed_in_by_answering_questions() -> Result<()> {
    let secretariat = open(&[row("R-1", 4)])?;
    let given = [
        "submit",
        "external_id=R-9",
        "requester=REQ",
        "item=Laptop",
        "consignee=C1",
        "classification=30213100-6",
        "unit_estimate=100.00",
        "rank=9",
    ];
    let mut terminal = Terminal::start(&at(&secretariat.data, &given)?)?;
    for (asked, answer) in [
        ("kind", ENTER),
        ("quantity", ENTER),
        ("this field is required", "12\r"),
        ("unit", ENTER),
        ("currency", ENTER),
        ("class", ENTER),
        ("requested", ENTER),
    ] {
        terminal.until(asked)?;
        terminal.types(answer)?;
    }
    terminal.until("1 new")?;
    terminal.ends(0)?;
    let shown = show(&secretariat.data, "R-9")?;
    ensure!(fact(&shown, "quantity") == Some("12 piece"), "{shown}");
    ensure!(fact(&shown, "priority") == Some("class 3, rank 9"), "{shown}");
    Ok(())
}

#[test]
fn colours_are_for_terminals_that_want_them() -> Result<()> {
    let secretariat = open(&[row("R-1", 4)])?;
    secretariat.until("LOT-001", "consent")?;
    let status = || at(&secretariat.data, &["status"]);
    let coloured = Terminal::start(&status()?)?.all()?;
    ensure!(coloured.contains("\x1b[3"), "no colours: {coloured}");
    let mut plain = status()?;
    plain.env("NO_COLOR", "1");
    let plain = Terminal::start(&plain)?.all()?;
    ensure!(!plain.contains("\x1b[") && plain.contains("match_donor"), "colours: {plain:?}");
    let piped = finish(status()?)?.ok()?.out;
    ensure!(!piped.contains('\x1b') && piped.contains("match_donor"), "colours: {piped:?}");

    let mut watch = at(&secretariat.data, &["watch"])?;
    watch.env("NO_COLOR", "1");
    let mut terminal = Terminal::start(&watch)?;
    terminal.until("LOT-001")?;
    ensure!(!terminal.has_colours(), "NO_COLOR is not kept to");
    terminal.types("q")?;
    terminal.ends(0)
}

#[test]
fn ctrl_c_ends_a_long_batch_between_two_parts_and_says_what_was_done() -> Result<()> {
    let folder = TempDir::new()?;
    let rows: Vec<String> = (1..=3000).map(|i| row(&format!("R-{i}"), 1)).collect();
    let dir = coalition::write(folder.path(), &rows)?;
    let data = folder.path().join("data");
    fs::create_dir_all(&data)?;
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    let mut terminal = Terminal::start(&at(&data, &["hold", "--state", "ready"])?)?;
    terminal.until("hold 3000 lots?")?;
    terminal.types("y")?;
    terminal.until("/3,000")?;
    terminal.types(CTRL_C)?;
    terminal.until("of 3000 were done, the others are unchanged")?;
    terminal.ends(1)?;
    let said = terminal.screen();
    let done = said.split("stopped: ").nth(1).and_then(|rest| rest.split(' ').next());
    let done: usize = done.unwrap_or_default().parse()?;
    ensure!(done > 0 && done < 3000 && done.is_multiple_of(500), "{said}");
    let held = ["lots", "--awaits", "release", "--json", "--all", "--data", text(&data)?];
    let held = run(&held)?.json()?;
    ensure!(held.as_array().map(Vec::len) == Some(done), "{done} were done");
    is_clean(&data)?;
    Ok(())
}

#[test]
fn a_report_is_as_wide_as_the_terminal() -> Result<()> {
    let copy = example_copy()?;
    let report = ["report", "requester", "UA-MOD-IT", "--on", "2024-10-20"];
    let mut terminal = Terminal::start(&at(&copy.data, &report)?)?;
    terminal.until("HOW FAR")?;
    terminal.ends(0)?;
    let came = terminal.came();
    let from = came.find("THE LIST, BY RANK").context("the list")?;
    ensure!(came[from..].lines().all(|line| line.trim_end().chars().count() <= 80), "{came}");
    ensure!(!came[from..].contains('|'), "a table for machines: {came}");
    // Of a cell in lines, nothing is lost.
    let words: Vec<&str> = came[from..].split_whitespace().collect();
    for word in ["LOT-01V", "(REQ-2024-12/4)", "2,713,761.29", "2024-11-03"] {
        ensure!(words.iter().any(|found| found.contains(word)), "{word} is missing: {came}");
    }
    Ok(())
}
