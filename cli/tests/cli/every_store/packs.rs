//! Packs: what is sold or given by the box and asked for by the piece.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::coalition;
use crate::every_store::nearest_offers::{Bureau, OFFERS, line};
use crate::every_store::quantities::pipeline;
use crate::secretariat::fact;
use crate::support::{SOON, eventually, run, show, text};

#[test]
fn pieces_are_bought_in_whole_packs() -> Result<()> {
    let offers = "O-1,SUP,Toner,BX,25.00,EUR,1,1,10,2025-01-01,,BUY,,,,5 piece\n";
    let bureau = Bureau::open(offers, &[line("P-1", "Toner", "23,H87", "5.50")])?;
    let order = bureau.order_of("LOT-001")?;
    let told = &order["lines"][0];
    ensure!(told["quantity"] == "5" && told["unit_code"] == "BX", "{order}");
    ensure!(told["price"]["minor"] == 2500 && told["line_amount"]["minor"] == 12_500, "{order}");
    let content = json!({"quantity": "25", "unit_code": "H87", "each": "5"});
    ensure!(told["content"] == content && told["answered_in"] == "H87", "{order}");
    ensure!(order["payable"]["minor"] == 12_500, "{order}");
    let number = order["id"].as_str().context("a number")?;
    let shown = show(&bureau.data, number)?;
    let said = fact(&shown, "LOT-001").context("the line")?;
    ensure!(said.starts_with("25 piece Toner in 5 box of 5 each"), "{said}");
    ensure!(said.contains("2 surplus"), "{said}");

    // The supplier packs otherwise from now on: the order stays as agreed, its price one of a pack.
    bureau.offers("O-1,SUP,Toner,BX,25.00,EUR,1,1,10,2025-01-01,,BUY,,,,10 H87\n")?;
    bureau.act(&["order", "respond", number, "--price", "+1%"])?;
    let lot = bureau.until("LOT-001", "delivery")?;
    ensure!(lot["quantity"] == "23" && lot["funding"][0]["amount"]["minor"] == 12_625, "{lot}");
    let shown = show(&bureau.data, number)?;
    let said = fact(&shown, "LOT-001").context("the line")?;
    ensure!(said.starts_with("25 piece Toner in 5 box of 5 each, EUR 126.25"), "{said}");
    // What comes is counted in pieces.
    bureau.act(&["receive", number, "LOT-001=25"])?;
    let lot = bureau.until("LOT-001", "payment")?;
    ensure!(lot["code"] != "oversupply", "{lot}");
    bureau.act(&["pay", number])?;
    bureau.until("LOT-001", "delivered")?;
    bureau.end()
}

#[test]
fn minimum_and_increment_are_packs_and_the_cheaper_offer_is_chosen() -> Result<()> {
    let offers = "\
        MIN,SUP,Toner,BX,25.00,EUR,4,3,10,2025-01-01,,BUY,,,,5 H87\n\
        MORE,SUP,Drum,BX,25.00,EUR,4,3,10,2025-01-01,,BUY,,,,5 H87\n\
        ONE,SUP,Cable,H87,4.90,EUR,1,1,10,2025-01-01,,BUY,,,,\n\
        TEN,SUP,Cable,BX,45.00,EUR,1,1,10,2025-01-01,,BUY,,,,10 pieces\n\
        CORD,SUP,Cord,H87,4.90,EUR,1,1,10,2025-01-01,,BUY,,,,\n\
        REEL,SUP,Cord,BX,45.00,EUR,1,1,10,2025-01-01,,BUY,,,,10 pieces\n\
        ROLL,SUP,Wire,RO,30.00,EUR,1,1,10,2025-01-01,,BUY,,,,12.5 metre\n\
        SAME,SUP,Glove,BX,7.00,EUR,1,1,10,2025-01-01,,BUY,,,,100 piece\n";
    let lines = [
        line("P-1", "Toner", "3,H87", "5.00"),
        line("P-2", "Drum", "21,H87", "5.00"),
        line("P-3", "Cable", "9,H87", "4.90"),
        line("P-4", "Cord", "10,H87", "4.90"),
        line("P-5", "Wire", "30,MTR", "2.40"),
        line("P-6", "Glove", "3,BX", "7.00"),
    ];
    // Surplus and what it costs are no matter here.
    let any = "surplus_limit = { per_mille = 100000 }\ntolerance_per_mille = 100000";
    let pipeline = pipeline(any);
    let bureau = Bureau::open_with(offers, &lines, &[("pipeline.toml", &pipeline)])?;
    // (lot, quantity, unit, amount in cents, what it holds)
    let expected = [
        ("LOT-001", "6", "BX", 15_000, json!("30")),
        ("LOT-002", "6", "BX", 15_000, json!("30")),
        ("LOT-003", "9", "H87", 4_410, Value::Null),
        ("LOT-004", "1", "BX", 4_500, json!("10")),
        ("LOT-005", "3", "RO", 9_000, json!("37.5")),
        ("LOT-006", "3", "BX", 2_100, Value::Null),
    ];
    for (lot, quantity, unit, amount, content) in expected {
        let order = bureau.until(lot, "response")?;
        let order = order["order"].as_str().context("an order")?;
        let path = bureau.data.join(format!("outbox/{order}.json"));
        let bytes = eventually("the order is sent", SOON, || Ok(fs::read(&path).ok()))?;
        let document: Value = serde_json::from_slice(&bytes)?;
        let lines = document["lines"].as_array().context("lines")?;
        let told = lines.iter().find(|line| line["id"] == lot).context("its line")?;
        let is_it = told["quantity"] == quantity && told["unit_code"] == unit;
        ensure!(is_it && told["line_amount"]["minor"] == amount, "{told}");
        ensure!(told["content"]["quantity"] == content, "{told}");
    }
    bureau.end()
}

const GIFTS: &str = "id,donors,firmness,stated,amount,currency,in_kind_item,in_kind_quantity,\
in_kind_unit,in_kind_lead_days,in_kind_pack_of,earmark_requesters,obligate_by,source\n";

#[test]
fn gifts_serve_their_unit_and_what_their_packs_hold() -> Result<()> {
    let gifts = format!(
        "{GIFTS}K-1,AA,commitment,2025-01-01,,,Toner,5,BX,10,5 H87,,,invented\n\
         K-2,AA,commitment,2025-01-01,,,Radio,5,BX,10,,,,invented\n\
         K-3,AA,commitment,2025-01-01,,,Phone,50,H87,10,,REQ2,,invented\n\
         K-4,AA,commitment,2025-01-01,,,Tablet,50,H87,10,,,2025-06-30,invented\n"
    );
    let lines = [
        line("G-1", "Toner", "23,H87", "5.00"),
        line("G-2", "Radio", "5,H87", "5.00"),
        line("G-3", "Phone", "5,H87", "5.00"),
        line("G-4", "Tablet", "5,H87", "5.00"),
    ];
    let bureau = Bureau::open_with("", &lines, &[("contributions.csv", &gifts)])?;
    let lot = bureau.until("LOT-001", "acceptance")?;
    ensure!(lot["awaits_of"] == json!(["K-1"]), "{lot}");
    for lot in ["LOT-002", "LOT-003", "LOT-004"] {
        bureau.until(lot, "offer")?;
    }
    bureau.act(&["in-kind", "accept", "LOT-001"])?;
    bureau.until("LOT-001", "delivery")?;
    // Two pieces are left of five boxes of five, and no whole box.
    let more = bureau.dir.join("more.csv");
    let rows = [
        line("G-5", "Toner", "3,H87", "5.00"),
        line("G-6", "Toner", "1,BX", "25.00"),
        // Not on the same day: it is nobody's twin.
        line("G-7", "Toner", "2,H87", "5.00").replace("2025-01-02", "2025-01-03"),
    ];
    coalition::requisitions(&more, &rows)?;
    run(&["import", text(&more)?, "--data", text(&bureau.data)?])?.ok()?;
    bureau.until("LOT-007", "acceptance")?;
    bureau.until("LOT-005", "offer")?;
    bureau.until("LOT-006", "offer")?;
    // What is not taken is there again.
    bureau.act(&["in-kind", "refuse", "LOT-007", "--reason", "too old"])?;
    bureau.until("LOT-007", "offer")?;
    bureau.act(&["amend", "G-5", "quantity=2"])?;
    bureau.until("LOT-005", "acceptance")?;
    // The same over the command line, with the unit said.
    let gift = ["commit", "K-5", "--donor", "AA", "--in-kind", "Toner=1 BX of 5 H87@10"];
    bureau.act(&[&gift[..], &["--evidence", "a letter"]].concat())?;
    bureau.until("LOT-006", "acceptance")?;
    for wrong in ["Toner=1 BX of 5 BX@10", "Toner=1 crate@10", "Toner=1.5@10"] {
        let gift = ["commit", "K-6", "--donor", "AA", "--in-kind", wrong, "--evidence", "a letter"];
        run(&[&gift[..], &["--yes", "--data", text(&bureau.data)?]].concat())?
            .failed(1, &[wrong, "5 BX of 5 H87"])?;
    }
    bureau.end()
}

#[test]
fn a_pack_that_makes_no_sense_is_refused_by_row_and_field() -> Result<()> {
    let folder = TempDir::new()?;
    let dir = coalition::write(folder.path(), &[])?;
    let data = folder.path().join("data");
    let refused = |file: &str, content: String, parts: &[&str]| -> Result<()> {
        let old = fs::read(dir.join(file))?;
        fs::write(dir.join(file), content)?;
        run(&["import", text(&dir)?, "--data", text(&data)?])?.failed(1, parts)?;
        Ok(fs::write(dir.join(file), old)?)
    };
    let packs = [
        ("BX", "five piece", "is not a quantity"),
        ("BX", "5", "not a quantity with a unit"),
        ("BX", "0 piece", "more than zero"),
        ("BX", "-5 piece", "more than zero"),
        ("BX", "2.5 piece", "counted in whole numbers"),
        ("BX", "5 bananas", "not a known unit"),
        ("BX", "9999999999999999999 piece", "is not a quantity"),
        ("BX", "5 box", "own unit"),
        ("KGM", "5 piece", "cannot be a pack"),
    ];
    for (unit, pack, says) in packs {
        let row = format!("O-2,SUP,Toner,{unit},25.00,EUR,1,1,10,2025-01-01,,BUY,,,,{pack}\n");
        let parts = ["offers.csv", "row 2", "pack_of", pack, says];
        refused("offers.csv", format!("{OFFERS}{row}"), &parts)?;
        let row = format!("K-1,AA,commitment,2025-01-01,,,Toner,5,{unit},10,{pack},,,invented\n");
        let parts = ["contributions.csv", "row 2", "in_kind_pack_of", pack, says];
        refused("contributions.csv", format!("{GIFTS}{row}"), &parts)?;
    }
    let row = "K-1,AA,pledge,2025-01-01,,,,,,,5 piece,,,invented\n";
    let parts = ["row 2", "in_kind_pack_of", "no item in kind is given"];
    refused("contributions.csv", format!("{GIFTS}{row}"), &parts)?;
    // Nothing of them was stored.
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    ensure!(run(&["show", "O-2", "--data", text(&data)?])?.code == Some(1), "a refused offer");
    Ok(())
}
