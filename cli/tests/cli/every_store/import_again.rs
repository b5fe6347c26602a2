//! What an import does is known before, and importing again is a three-way merge: of what the file said
//! the last time, what stands there now, and what it says.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::coalition;
use crate::every_store::requesters::{Place, row};
use crate::secretariat::Service;
use crate::support::{is_clean, run, show, text};

fn laptops(quantity: u32) -> Vec<String> {
    vec![row("A-1", "REQ", "Laptop", quantity)]
}

fn events(place: &Place) -> Result<i64> {
    is_clean(&place.data)
}

#[test]
fn what_a_file_says_as_before_is_no_news_whatever_commands_did() -> Result<()> {
    let place = Place::new()?;
    place.hand_in("a.csv", &laptops(10))?.ok()?;
    place.run(&["amend", "A-1", "quantity=8", "--yes"])?.ok()?;
    let before = events(&place)?;
    for name in ["a.csv", "a copy.csv"] {
        let said = place.hand_in(name, &laptops(10))?.ok()?;
        ensure!(said.out == "0 new, 0 amended, 1 unchanged, 0 refused\n", "{}", said.out);
    }
    ensure!(place.lines()? == ["REQ A-1 Laptop 8"], "{:?}", place.lines()?);
    // Nothing but the other file's name was kept.
    ensure!(events(&place)? == before + 1, "{} after {before}", events(&place)?);
    Ok(())
}

#[test]
fn changes_of_a_file_and_of_a_command_are_put_together_where_they_do_not_meet() -> Result<()> {
    let place = Place::new()?;
    place.hand_in("a.csv", &laptops(10))?.ok()?;
    place.run(&["rank", "A-1", "7"])?.ok()?;
    let said = place.hand_in("a.csv", &laptops(12))?.ok()?;
    ensure!(said.out.contains("quantity: 10 -> 12"), "{}", said.out);
    let line = place.run(&["lines", "--json"])?.json()?;
    ensure!(line[0]["quantity"] == "12" && line[0]["priority"]["rank"] == 7, "{line}");
    // The file says 1 for the rank, as it always did: no news.
    let said = place.hand_in("a.csv", &laptops(12))?.ok()?;
    ensure!(said.out.starts_with("0 new, 0 amended, 1 unchanged"), "{}", said.out);
    is_clean(&place.data)?;
    Ok(())
}

#[test]
fn what_both_have_changed_is_decided_line_by_line() -> Result<()> {
    let place = Place::new()?;
    let two =
        |quantity: u32| [laptops(quantity), vec![row("A-2", "REQ", "Tablet", quantity)]].concat();
    place.hand_in("a.csv", &two(10))?.ok()?;
    place.run(&["amend", "A-1", "quantity=8", "--yes"])?.ok()?;
    place.run(&["amend", "A-2", "quantity=8", "--yes"])?.ok()?;
    let parts = [
        "REQ/A-1 (LINE-001), row 2: changed in both",
        "quantity: was 10; operator changed it to 8, the file has 12",
        "--theirs REQ/A-1",
        "2 rows are refused; nothing was taken",
    ];
    let file = place.write("a.csv", &two(12))?;
    place.import(&file)?.failed(1, &parts)?;
    ensure!(place.lines()? == ["REQ A-1 Laptop 8", "REQ A-2 Tablet 8"], "{:?}", place.lines()?);

    // One decision alone takes nothing; the others can be kept aside.
    let path = text(&file)?;
    place.run(&["import", path, "--theirs", "A-1"])?.failed(1, &["REQ/A-2", "1 row is refused"])?;
    let rejects = place.folder.path().join("rejects.csv");
    place.run(&["import", path, "--theirs", "A-1", "--keep-good", text(&rejects)?])?.ok()?;
    let left = fs::read_to_string(&rejects)?;
    ensure!(left.contains("A-2") && !left.contains("A-1,") && left.contains("--theirs"), "{left}");
    ensure!(place.lines()? == ["REQ A-1 Laptop 12", "REQ A-2 Tablet 8"], "{:?}", place.lines()?);
    place.run(&["import", path, "--ours", "REQ/A-2"])?.ok()?;
    ensure!(place.lines()? == ["REQ A-1 Laptop 12", "REQ A-2 Tablet 8"], "{:?}", place.lines()?);
    // Decided once, it is decided.
    let said = place.import(&file)?.ok()?;
    ensure!(said.out.starts_with("0 new, 0 amended, 2 unchanged"), "{}", said.out);
    is_clean(&place.data)?;
    Ok(())
}

#[test]
fn lines_that_a_file_has_no_more_are_told_and_an_earlier_file_undoes_nothing() -> Result<()> {
    let place = Place::new()?;
    let both = [laptops(10), vec![row("A-2", "REQ", "Tablet", 5)]].concat();
    place.hand_in("a.csv", &both)?.ok()?;
    let said = place.hand_in("a.csv", &laptops(11))?.ok()?;
    let gone = "A-2 (LINE-002) is not in a.csv any more and stays open: waybill cancel LOT-002";
    ensure!(said.out.contains(gone), "{}", said.out);

    let path = place.write("a.csv", &both)?;
    let said = place.import(&path)?.ok()?;
    for part in ["was already imported on ", "quantity: 11 -> 10", "--as-new"] {
        ensure!(said.out.contains(part), "no `{part}`: {}", said.out);
    }
    ensure!(place.lines()?[0] == "REQ A-1 Laptop 11", "{:?}", place.lines()?);
    let said = place.run(&["import", text(&path)?, "--as-new"])?.ok()?;
    ensure!(said.out.starts_with("0 new, 1 amended, 1 unchanged"), "{}", said.out);
    ensure!(place.lines()?[0] == "REQ A-1 Laptop 10", "{:?}", place.lines()?);
    is_clean(&place.data)?;
    Ok(())
}

#[test]
fn a_dry_run_says_what_an_import_would_do_and_does_nothing() -> Result<()> {
    let place = Place::new()?;
    place.hand_in("a.csv", &laptops(10))?.ok()?;
    let before = events(&place)?;
    let unknown = row("A-4", "REQ", "Laptop", 1).replace("C1", "C9");
    let rows = [laptops(12), vec![row("A-3", "REQ", "Tablet", 5), unknown]].concat();
    let path = place.write("b.csv", &rows)?;
    let said = place.run(&["import", text(&path)?, "--dry-run"])?;
    ensure!(said.code == Some(1), "{said:?}");
    for part in [
        "1 new, 1 amended, 0 unchanged, 1 refused; dry run, nothing was taken",
        "quantity: 10 -> 12",
        "row 4 would be refused",
        "consignee: `C9` is not a known consignee (add `C9` to consignees.csv",
    ] {
        ensure!(said.out.contains(part), "no `{part}`: {}", said.out);
    }
    fs::write(
        place.dir.join("coalition.toml"),
        fs::read_to_string(place.dir.join("coalition.toml"))?,
    )?;
    fs::write(
        place.dir.join("offers.csv"),
        "id,supplier,item,unit,unit_price,currency,minimum,increment,lead_days,from,to,channel\n\
         O-2,SUP,Tablet,H87,90.00,EUR,1,1,10,2025-01-01,,BUY\n",
    )?;
    let said = place.run(&["import", text(&place.dir)?, "--dry-run"])?.ok()?;
    let offers = "offers: 1 new, 0 amended, 0 unchanged, 1 gone from the folder";
    ensure!(said.out.contains(offers) && said.out.contains("dry run"), "{}", said.out);
    ensure!(events(&place)? == before, "something was done");

    // What is not there is not made by looking.
    let nowhere = place.folder.path().join("nowhere");
    let folder = text(&place.dir)?;
    run(&["import", folder, "--dry-run", "--data", text(&nowhere)?])?.ok()?;
    ensure!(!nowhere.exists(), "a dry run made a folder");
    Ok(())
}

#[test]
fn a_folder_again_undoes_no_command_and_tells_what_it_changes() -> Result<()> {
    let place = Place::new()?;
    let offers =
        "id,supplier,item,unit,unit_price,currency,minimum,increment,lead_days,from,to,channel\n";
    let laptop = "O-1,SUP,Laptop,H87,90.00,EUR,1,1,10,2025-01-01,,BUY\n";
    let tablet = "O-2,SUP,Tablet,H87,90.00,EUR,1,1,10,2025-01-01,,BUY\n";
    fs::write(place.dir.join("offers.csv"), format!("{offers}{laptop}{tablet}"))?;
    place.import(&place.dir)?.ok()?;
    let service = Service::start(&place.data, Some(&place.dir.join("pipeline.toml")))?;
    place.run(&["withdraw", "AA-1", "--amount", "EUR 40,000", "--yes"])?.ok()?;
    let ended = ["--role", "member", "--on", "2025-06-30", "--evidence", "note"];
    place.run(&[&["member", "end", "XX"][..], &ended].concat())?.ok()?;

    // Unchanged files are no news.
    let said = place.import(&place.dir)?.ok()?;
    ensure!(!said.out.contains("->"), "{}", said.out);
    fs::write(
        place.dir.join("offers.csv"),
        format!("{offers}{}", laptop.replace("90.00", "91.00")),
    )?;
    let parties = fs::read_to_string(place.dir.join("parties.csv"))?;
    fs::write(
        place.dir.join("parties.csv"),
        parties.replace("REQ,Ministry,", "REQ,Ministry of Digital,"),
    )?;
    let said = place.import(&place.dir)?.ok()?;
    for part in [
        "unit_price: EUR 90.00 -> EUR 91.00",
        "name: Ministry -> Ministry of Digital",
        "O-2 is not in the folder any more: nothing is ordered from it: waybill offer end O-2",
    ] {
        ensure!(said.out.contains(part), "no `{part}`: {}", said.out);
    }
    let given = show(&place.data, "AA-1")?.to_string();
    ensure!(given.contains("60,000.00"), "the withdrawal was undone: {given}");
    let member = show(&place.data, "XX")?.to_string();
    ensure!(member.contains("2025-06-30"), "the role was given back: {member}");

    // Nothing is ordered by what is gone, until somebody keeps it.
    place.hand_in("more.csv", &[row("T-1", "REQ", "Tablet", 3)])?.ok()?;
    let ordered = |place: &Place| -> Result<bool> {
        let lots = place.run(&["lots", "--json", "--all"])?.json()?;
        Ok(lots.as_array().is_some_and(|lots| lots.iter().any(|lot| lot["order"].is_string())))
    };
    crate::support::eventually("the lot waits", crate::support::SOON, || {
        let lots = place.run(&["lots", "--json"])?.json()?;
        Ok(Some(()).filter(|()| lots[0]["awaits"] == "offer" || lots[0]["awaits"] == "funding"))
    })?;
    ensure!(!ordered(&place)?, "it was ordered by an offer that is gone");
    place.run(&["offer", "keep", "O-2", "-m", "it still holds"])?.ok()?;
    crate::support::eventually("it is ordered", crate::support::SOON, || {
        Ok(Some(()).filter(|()| ordered(&place).unwrap_or(false)))
    })?;
    is_clean(&place.data)?;
    service.stop()?;
    Ok(())
}

#[test]
fn what_a_folder_and_a_command_have_both_changed_is_decided() -> Result<()> {
    let place = Place::new()?;
    place.run(&["withdraw", "AA-1", "--amount", "EUR 40,000", "--yes"])?.ok()?;
    let path = place.dir.join("contributions.csv");
    let given = fs::read_to_string(&path)?;
    fs::write(&path, given.replace("100000.00", "120000.00"))?;
    let parts = ["AA-1", "amount", "EUR 60,000.00", "EUR 120,000.00", "--ours AA-1"];
    place.import(&place.dir)?.failed(1, &parts)?;
    let folder = text(&place.dir)?;
    place.run(&["import", folder, "--ours", "AA-1"])?.ok()?;
    ensure!(show(&place.data, "AA-1")?.to_string().contains("60,000.00"));
    let said = place.import(&place.dir)?.ok()?;
    ensure!(said.out.contains("contributions: 0 new, 0 amended, 1 unchanged"), "{}", said.out);
    is_clean(&place.data)?;
    Ok(())
}

#[test]
fn another_coalitions_folder_is_refused() -> Result<()> {
    let place = Place::new()?;
    let before = events(&place)?;
    let path = place.dir.join("coalition.toml");
    let settings = fs::read_to_string(&path)?;
    fs::write(&path, settings.replace("name = \"Test\"", "name = \"Other\""))?;
    place.import(&place.dir)?.failed(1, &["coalition `Test`", "`Other`"])?;
    ensure!(events(&place)? == before, "something of it was taken");
    Ok(())
}

#[test]
fn a_run_writes_no_future_into_a_log_that_a_service_works_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dir = coalition::write(folder.path(), &[row("R-1", "REQ", "Laptop", 3)])?;
    let (dir, data) = (text(&dir)?.to_owned(), folder.path().join("data"));
    let data = text(&data)?;
    // On a new folder, and on one that only `run` has written.
    for _ in 0..2 {
        run(&["run", &dir, "--data", data, "--until", "2025-02-01"])?.ok()?;
    }
    Service::start(data.as_ref(), None)?.stop()?;
    run(&["run", &dir, "--data", data])?
        .failed(1, &["a service has been working on", "--copy-to"])?;
    if crate::pair::pair() == crate::pair::Pair::SqliteEmbedded {
        let before = is_clean(data.as_ref())?;
        let copy = folder.path().join("copy");
        let copied = ["run", &dir, "--data", data, "--copy-to", text(&copy)?, "--json"];
        let report: Value = run(&copied)?.json()?;
        ensure!(report["lots"].is_object(), "{report}");
        run(&copied)?.failed(1, &["already contains data"])?;
        ensure!(is_clean(data.as_ref())? == before, "the data itself was run on");
    }
    Ok(())
}
