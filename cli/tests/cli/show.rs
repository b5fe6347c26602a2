//! `waybill show`: each kind of thing with its facts, its money and its history, and what may be meant
//! by an id that is not there.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::support::{Copy, example_copy, run, steady, text};

fn shown(copy: &Copy, id: &str) -> Result<String> {
    Ok(steady(&run(&["show", id, "--data", text(&copy.data)?])?.ok()?.out))
}

#[test]
fn each_kind_of_thing_as_people_read_it() -> Result<()> {
    let copy = example_copy()?;
    // Reviewed, approved, late, chased, and paid above what was bound.
    insta::assert_snapshot!("show_lot", shown(&copy, "LOT-00B")?);
    insta::assert_snapshot!("show_line", shown(&copy, "REQ-2024-07/1")?);
    insta::assert_snapshot!("show_order", shown(&copy, "PO-SUP-01-NSPA-EUR-0001")?);
    insta::assert_snapshot!("show_donor", shown(&copy, "LU")?);
    insta::assert_snapshot!("show_contribution", shown(&copy, "DK-2024-1")?);
    insta::assert_snapshot!("show_supplier", shown(&copy, "SUP-05")?);
    insta::assert_snapshot!("show_group", shown(&copy, "cyber")?);
    Ok(())
}

#[test]
fn programs_are_told_amounts_and_moments() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    let lot = run(&["show", "LOT-00B", "--data", data, "--json"])?.json()?;
    ensure!(lot["id"] == "LOT-00B" && lot["kind"] == "lot", "{lot}");
    let fact = |name: &str| {
        let facts = lot["facts"].as_array().into_iter().flatten();
        facts.filter(|fact| fact[0] == name).map(|fact| fact[1].clone()).next()
    };
    ensure!(fact("since") == Some(Value::from("2024-08-11T22:00:00Z")), "{lot}");
    ensure!(fact("needed by") == Some(Value::from("2024-07-31")), "{lot}");
    let entries = lot["timeline"].as_array().map(Vec::len);
    ensure!(entries.is_some_and(|entries| entries > 10), "{lot}");

    let donor = run(&["show", "LU", "--data", data, "--json"])?.json()?;
    let given = donor["envelopes"].as_array().into_iter().flatten();
    let open = given.filter(|given| given["envelope"]["committed"]["minor"].is_i64()).count();
    ensure!(open == 2, "{donor}");
    let supplier = run(&["show", "SUP-05", "--data", data, "--json"])?.json()?;
    let orders = supplier["orders"].as_array().into_iter().flatten();
    ensure!(orders.filter(|order| order["supplier"] == "SUP-05").count() == 3, "{supplier}");
    Ok(())
}

#[test]
fn what_may_be_meant_by_an_id_that_is_not_there() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    for (command, asked, meant) in [
        // Two characters in the other order, one for another, one too few, another part.
        ("show", "LOT-0B0", "LOT-00B"),
        ("show", "LOT-008.7", "LOT-008"),
        ("why", "LOT-0B0", "LOT-00B"),
        ("show", "LINE-0B0", "LINE-00B"),
        ("show", "REQ-2024-7/1", "REQ-2024-07/1"),
        ("show", "req-2024-07/1", "REQ-2024-07/1"),
        ("show", "PO-SUP-5-NSPA-EUR-0001", "PO-SUP-05-NSPA-EUR-0001"),
        ("show", "LU-2024-3", "LU-2024-1"),
        ("show", "lu", "LU"),
        ("show", "cybr", "cyber"),
    ] {
        let said = run(&[command, asked, "--data", data])?;
        let said = said.failed(1, &[&format!("`{asked}`"), "did you mean"])?;
        ensure!(said.err.contains(&format!("`{meant}`")), "{asked}: {}", said.err);
    }
    // Nothing is near: then how to find what there is.
    let said = run(&["show", "NOTHING-LIKE-IT", "--data", data])?;
    said.failed(1, &["`waybill lots` lists"])?;
    let long = "X".repeat(5_000);
    run(&["show", &long, "--data", data])?.failed(1, &["5000 characters", "check the path"])?;
    Ok(())
}
