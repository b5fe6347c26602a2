//! `waybill import`: again, amended, ordered already, and only the good rows.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::coalition::{self, requisitions, row};
use crate::support::{self, example, example_copy, is_clean, kinds, lots, run, show, text};

fn import(path: &Path, data: &Path) -> Result<Value> {
    run(&["import", text(path)?, "--data", text(data)?, "--json"])?.json()
}

/// new, unchanged, amended, refused.
fn counts(taken: &Value) -> (u64, u64, usize, u64) {
    let number = |name: &str| taken[name].as_u64().unwrap_or(u64::MAX);
    let amended = taken["amended"].as_array().map_or(usize::MAX, Vec::len);
    (number("new"), number("unchanged"), amended, number("refused"))
}

#[test]
fn the_same_file_again_changes_nothing() -> Result<()> {
    let folder = TempDir::new()?;
    let (file, data) = (folder.path().join("r.csv"), folder.path().join("data"));
    requisitions(&file, &[row("R-1", 10), row("R-2", 20)])?;
    ensure!(counts(&import(&file, &data)?) == (2, 0, 0, 0));
    let (before, events) = (lots(&data)?, is_clean(&data)?);
    ensure!(counts(&import(&file, &data)?) == (0, 2, 0, 0));
    ensure!(lots(&data)? == before && is_clean(&data)? == events);
    Ok(())
}

#[test]
fn the_same_coalition_again_changes_nothing() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let (new, _, _, refused) = counts(&import(&example(), &data)?);
    ensure!((new, refused) == (60, 0), "{new} new, {refused} refused");
    let (before, events) = (lots(&data)?, is_clean(&data)?);
    let again = counts(&import(&example(), &data)?);
    ensure!((again.0, again.2) == (0, 0), "new, unchanged, amended, refused: {again:?}");
    ensure!(lots(&data)? == before && is_clean(&data)? == events);
    Ok(())
}

#[test]
fn a_later_file_amends_and_shows_what_differs() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let (first, later) = (folder.path().join("first.csv"), folder.path().join("later.csv"));
    requisitions(&first, &[row("R-1", 10), row("R-2", 20)])?;
    requisitions(&later, &[row("R-1", 12)])?;
    import(&first, &data)?;
    let said = run(&["import", text(&later)?, "--data", text(&data)?])?.ok()?;
    for part in ["0 new, 1 amended, 0 unchanged", "R-1", "quantity: 10 -> 12"] {
        ensure!(said.out.contains(part), "`{part}` is missing: {}", said.out);
    }
    ensure!(!said.out.contains("order change"), "{}", said.out);
    let shown = show(&data, "LOT-001")?;
    ensure!(kinds(&shown) == ["lot.submitted", "lot.amended"], "{shown}");
    // A line that is missing from a later file stays as it was.
    ensure!(kinds(&show(&data, "LOT-002")?) == ["lot.submitted"]);
    let amended = counts(&import(&later, &data)?);
    ensure!(amended == (0, 1, 0, 0), "{amended:?}");
    is_clean(&data)?;
    Ok(())
}

#[test]
fn more_of_what_is_delivered_is_a_lot_of_its_own_and_less_is_refused() -> Result<()> {
    let (folder, copy) = (TempDir::new()?, example_copy()?);
    let data = &copy.data;
    let table = fs::read_to_string(example().join("requisitions.csv"))?;
    let (header, first) = table.split_once('\n').context("a header")?;
    let first = first.lines().next().context("a row")?;
    let changed = first.replace(",400,H87,", ",450,H87,");
    ensure!(changed != first, "the example has changed: {first}");
    let later = folder.path().join("later.csv");
    fs::write(&later, format!("{header}\n{changed}\n"))?;
    let less = folder.path().join("less.csv");
    let lowered = first.replace(",400,H87,", ",399,H87,");
    fs::write(&less, format!("{header}\n{lowered}\n"))?;
    let before = lots(data)?;
    run(&["import", text(&less)?, "--data", text(data)?])?
        .failed(1, &["REQ-2024-01/1", "400 are already delivered", "399"])?;
    ensure!(lots(data)? == before, "lots have changed");
    let said = run(&["import", text(&later)?, "--data", text(data)?])?.ok()?;
    ensure!(said.out.contains("quantity: 400 -> 450"), "{}", said.out);
    ensure!(!said.out.contains("needs an order change"), "{}", said.out);
    let now = lots(data)?;
    let new: Vec<&Value> = now.iter().filter(|lot| !before.contains(lot)).collect();
    ensure!(new.len() == 1 && new[0]["quantity"] == "50", "{new:?}");
    ensure!(show(data, "REQ-2024-01/1")?["facts"].to_string().contains("450 piece"));
    is_clean(data)?;
    Ok(())
}

#[test]
fn one_id_for_different_rows_names_both() -> Result<()> {
    let folder = TempDir::new()?;
    let (file, data) = (folder.path().join("twice.csv"), folder.path().join("data"));
    requisitions(&file, &[row("R-1", 10), row("R-2", 20), row("R-1", 11)])?;
    let said = run(&["import", text(&file)?, "--data", text(&data)?])?;
    let parts = ["twice.csv, row 2", "twice.csv, row 4", "rows 2 and 4", "\"R-1\"", "hint:"];
    said.failed(1, &parts)?;
    ensure!(!data.exists(), "a data folder is there");
    Ok(())
}

#[test]
fn a_row_that_only_repeats_is_taken_once() -> Result<()> {
    let folder = TempDir::new()?;
    let (file, data) = (folder.path().join("r.csv"), folder.path().join("data"));
    requisitions(&file, &[row("R-1", 10), row("R-1", 10)])?;
    ensure!(counts(&import(&file, &data)?).0 == 1);
    ensure!(lots(&data)?.len() == 1);
    Ok(())
}

#[test]
fn rejects_read_back_once_they_are_mended() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let (file, rejects) = (folder.path().join("r.csv"), folder.path().join("rejects.csv"));
    let bad = row("R-2", 20).replace("H87", "EA");
    requisitions(&file, &[row("R-1", 10), bad, row("R-3", 30)])?;
    let arguments =
        ["import", text(&file)?, "--data", text(&data)?, "--keep-good", text(&rejects)?];
    let said = run(&arguments)?.ok()?;
    ensure!(said.out.contains("2 new, 0 amended, 0 unchanged, 1 refused"), "{}", said.out);
    ensure!(said.err.contains("rejects.csv"), "{}", said.err);
    ensure!(lots(&data)?.len() == 2);
    let written = fs::read_to_string(&rejects)?;
    ensure!(written.lines().count() == 2 && written.contains("unit:"), "{written}");
    let header = written.lines().next().context("a header")?;
    ensure!(header.ends_with(",row,errors"), "{header}");
    run(&["import", text(&rejects)?, "--data", text(&data)?])?
        .failed(1, &["rejects.csv, row 2"])?;
    fs::write(&rejects, written.replacen(",EA,", ",H87,", 1))?;
    ensure!(counts(&import(&rejects, &data)?) == (1, 0, 0, 0));
    ensure!(lots(&data)?.len() == 3);
    is_clean(&data)?;
    Ok(())
}

#[test]
fn a_coalition_with_a_bad_requisition_is_not_taken_at_all() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let dir = coalition::write(folder.path(), &[row("R-1", 10), row("R-2", 0)])?;
    for command in ["import", "run"] {
        let said = run(&[command, text(&dir)?, "--data", text(&data)?])?;
        said.failed(1, &["requisitions.csv, row 3, field quantity, value \"0\"", "hint:"])?;
        ensure!(!data.exists(), "a data folder is there");
    }
    Ok(())
}

#[test]
fn json_lines_and_arrays_are_the_same_lines() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let csv = folder.path().join("r.csv");
    requisitions(&csv, &[row("R-1", 10)])?;
    import(&csv, &data)?;
    let line = serde_json::json!({
        "external_id": "R-1", "requester": "REQ", "item": "Laptop", "description": "For a test",
        "kind": "goods", "classification": "30213100-6", "scheme": "CPV", "quantity": 10,
        "unit": "H87", "unit_estimate": "100.00", "currency": "EUR", "class": 1, "rank": 1,
        "requested": "2025-01-02", "consignee": "C1", "tolerance_per_mille": 0,
        "source": "invented",
    });
    for (name, content) in [("r.jsonl", format!("{line}\n")), ("r.json", format!("[{line}]"))] {
        let path = folder.path().join(name);
        fs::write(&path, content)?;
        let taken = counts(&import(&path, &data)?);
        ensure!(taken == (0, 1, 0, 0), "{name}: {taken:?}");
    }
    Ok(())
}

#[test]
fn a_foreign_encoding_has_to_be_said() -> Result<()> {
    let folder = TempDir::new()?;
    let (file, data) = (folder.path().join("r.csv"), folder.path().join("data"));
    requisitions(&file, &[row("R-1", 10)])?;
    let mut bytes = fs::read(&file)?;
    let place = bytes.windows(6).position(|part| part == b"Laptop").context("the item")?;
    // In windows-1251.
    bytes.splice(place..place + 6, *b"\xcd\xee\xf3\xf2");
    fs::write(&file, bytes)?;
    let arguments = ["import", text(&file)?, "--data", text(&data)?];
    run(&arguments)?.failed(1, &["r.csv, row 2", "byte offset", "--encoding windows-1251"])?;
    ensure!(!data.exists());
    let mut arguments = arguments.to_vec();
    arguments.extend(["--encoding", "windows-1251"]);
    run(&arguments)?.ok()?;
    let shown = show(&data, "R-1")?;
    ensure!(shown["facts"].to_string().contains("Ноут"), "{shown}");
    Ok(())
}

#[test]
fn rejects_are_not_left_where_nothing_could_be_taken() -> Result<()> {
    let folder = TempDir::new()?;
    let (file, data) = (folder.path().join("r.csv"), folder.path().join("data"));
    requisitions(&file, &[row("R-1", 10)])?;
    let there = support::run(&[
        "import",
        text(&file)?,
        "--data",
        text(&data)?,
        "--keep-good",
        text(&folder.path().join("rejects.csv"))?,
    ])?;
    there.ok()?;
    ensure!(!folder.path().join("rejects.csv").exists(), "rejects without a refused row");
    Ok(())
}

#[test]
fn rows_that_nobody_can_keep_are_left_out_by_themselves() -> Result<()> {
    let folder = TempDir::new()?;
    let (file, data) = (folder.path().join("r.csv"), folder.path().join("data"));
    let rest = folder.path().join("rest.csv");
    let bad = [
        row("R-1", 1).replace("2025-01-02", "1925-11-26"),
        row("R-\u{1b}[31m2", 1),
        row("\"R\n3\"", 1),
        row("R-4", 1).replace("For a test", "a\u{7}b"),
    ];
    let rows: Vec<String> = bad.into_iter().chain([row("R-5", 1)]).collect();
    requisitions(&file, &rows)?;
    let arguments =
        ["import", text(&file)?, "--data", text(&data)?, "--keep-good", text(&rest)?, "--json"];
    let said = run(&arguments)?;
    ensure!(lots(&data)?.len() == 1, "{said:?}");
    ensure!(std::fs::read_to_string(&rest)?.lines().count() > 4, "{said:?}");
    Ok(())
}
