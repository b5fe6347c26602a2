//! Quantities as suppliers sell them: minimum, increment and pack hold for an item on an order, and what
//! nobody asked for is approved, has an owner and is followed.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::every_store::nearest_offers::{Bureau, line};
use crate::every_store::requesters::{found, names};
use crate::secretariat::fact;
use crate::support::{SOON, eventually, show, text};

const ROUTERS: &str = "R,SUP,Router,H87,240.00,EUR,100,1,5,2025-01-01,,BUY,,,,\n";

/// The coalition's pipeline, in which lots of a moment are gathered.
pub(crate) fn pipeline(issue_order: &str) -> String {
    format!(
        "[[step]]\nname = \"validate_priority\"\n[[step]]\nname = \"match_donor\"\n\
         [[step]]\nname = \"issue_order\"\n[[step]]\nname = \"confirm_delivery\"\n\
         [match_donor]\nround_delay_ms = 50\n[issue_order]\ngather_s = 1\n{issue_order}\n\
         [connector]\nkind = \"files\"\n"
    )
}

fn money(amount: &str) -> String {
    format!(
        "id,donors,firmness,stated,amount,currency,channel,obligate_by,consent,source\n\
         AA-1,AA,commitment,2025-01-01,{amount},EUR,,2099-12-31,none,invented\n"
    )
}

fn open(offers: &str, lines: &[String], amount: &str, issue_order: &str) -> Result<Bureau> {
    let (money, pipeline) = (money(amount), pipeline(issue_order));
    Bureau::open_with(offers, lines, &[("contributions.csv", &money), ("pipeline.toml", &pipeline)])
}

/// The document that the supplier of `lot` got.
fn document(bureau: &Bureau, lot: &str) -> Result<Value> {
    let found = bureau.until(lot, "response")?;
    let order = found["order"].as_str().context("an order")?;
    let path = bureau.data.join(format!("outbox/{order}.json"));
    let bytes = eventually("the order is sent", SOON, || Ok(fs::read(&path).ok()))?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Of each line of an order: the lot, the quantity, the amount in cents and the surplus.
fn told(document: &Value) -> Result<Vec<(String, String, i64, String)>> {
    let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lines = document["lines"].as_array().context("lines")?;
    let told = lines.iter().map(|line| {
        let amount = line["line_amount"]["minor"].as_i64().unwrap_or_default();
        (of(&line["id"]), of(&line["quantity"]), amount, of(&line["surplus"]["quantity"]))
    });
    Ok(told.collect())
}

fn row(lot: &str, quantity: &str, amount: i64, surplus: &str) -> (String, String, i64, String) {
    (lot.to_owned(), quantity.to_owned(), amount, surplus.to_owned())
}

#[test]
fn a_minimum_is_asked_of_the_sum_of_the_lots_of_an_item() -> Result<()> {
    let lines = [
        line("M-1", "Router", "40,H87", "250.00"),
        line("M-2", "Router", "41,H87", "250.00"),
        line("M-3", "Router", "42,H87", "250.00"),
    ];
    // There is no money for a minimum each.
    let bureau = open(ROUTERS, &lines, "30000.00", "")?;
    let order = document(&bureau, "LOT-001")?;
    let expected = [
        row("LOT-001", "40", 960_000, ""),
        row("LOT-002", "41", 984_000, ""),
        row("LOT-003", "42", 1_008_000, ""),
    ];
    ensure!(told(&order)? == expected, "{order}");
    ensure!(order["payable"]["minor"] == 2_952_000, "{order}");
    bureau.end()
}

#[test]
fn what_the_sum_needs_above_the_lots_is_paid_once_and_goes_to_open_lots_first() -> Result<()> {
    let lines = [
        line("M-1", "Router", "40,H87", "250.00"),
        line("M-2", "Router", "41,H87", "250.00"),
        line("M-3", "Router", "42,H87", "250.00"),
    ];
    // Enough for a hundred: two lots are served, the third waits for money, and nobody pays twice.
    let limit = "surplus_limit = { per_mille = 300 }\ntolerance_per_mille = 300";
    let bureau = open(ROUTERS, &lines, "24000.00", limit)?;
    let order = document(&bureau, "LOT-001")?;
    let expected = [row("LOT-001", "40", 960_000, ""), row("LOT-002", "60", 1_440_000, "19")];
    ensure!(told(&order)? == expected, "{order}");
    let lot = bureau.until("LOT-003", "funding")?;
    ensure!(lot["code"] == "money_exhausted", "{lot}");
    let number = order["id"].as_str().context("a number")?;
    let shown = show(&bureau.data, number)?;
    let said = fact(&shown, "LOT-002").context("the line")?;
    ensure!(said.contains("19 surplus for the stock of C1 paid by AA-1"), "{said}");
    bureau.end()
}

#[test]
fn packs_are_shared_by_the_lots_of_an_item() -> Result<()> {
    let offers = "T,SUP,Toner,BX,24.00,EUR,1,1,10,2025-01-01,,BUY,,,,24 H87\n";
    let lines = [line("T-1", "Toner", "10,H87", "1.00"), line("T-2", "Toner", "14,H87", "1.00")];
    let bureau = open(offers, &lines, "24.00", "")?;
    let order = document(&bureau, "LOT-001")?;
    ensure!(told(&order)? == [row("LOT-001", "10", 1_000, ""), row("LOT-002", "14", 1_400, "")]);
    let told = &order["lines"][0];
    ensure!(told["unit_code"] == "H87" && told["price"]["minor"] == 2_400, "{order}");
    ensure!(told["price_base"] == json!({"quantity": "24", "unit_code": "H87"}), "{order}");
    bureau.end()
}

#[test]
fn surplus_above_the_limit_waits_for_an_approval() -> Result<()> {
    let offers = format!("{ROUTERS}T,SUP,Toner,H87,33.33,EUR,24,24,5,2025-01-01,,BUY,,,,\n");
    let lines = [line("M-2", "Router", "7,H87", "250.00"), line("M-4", "Toner", "47,H87", "34.00")];
    let bureau = open(&offers, &lines, "100000.00", "lines = 1")?;
    let lot = bureau.until("LOT-001", "approval")?;
    let reason = lot["reason"].as_str().context("a reason")?;
    ensure!(
        reason.starts_with(
            "93 piece of Router above the 7 wanted, for EUR 22,320.00, because SUP sells at least 100"
        ),
        "{reason}"
    );
    ensure!(
        reason.contains("it costs EUR 24,000.00") && reason.contains("EUR 1,750.00"),
        "{reason}"
    );
    let toner = document(&bureau, "LOT-002")?;
    ensure!(told(&toner)? == [row("LOT-002", "48", 159_984, "1")], "{toner}");
    // What of it is missing is short like any unit, and what came is paid to the cent.
    let order = toner["id"].as_str().context("an order")?;
    bureau.act(&["order", "respond", order])?;
    bureau.until("LOT-002", "delivery")?;
    bureau.act(&["receive", order, "LOT-002=44"])?;
    let came = bureau.until("LOT-002", "payment")?;
    ensure!(came["funding"][0]["amount"]["minor"] == 146_652, "{came}");
    let short = bureau.until("LOT-002.1", "delivery")?;
    ensure!(short["quantity"] == "3" && short["surplus"] == "1", "{short}");
    ensure!(short["funding"][0]["amount"]["minor"] == 13_332, "{short}");
    bureau.act(&["pay", order])?;
    bureau.until("LOT-002", "delivered")?;
    let number = lot["order"].as_str().context("an order")?;
    let shown = show(&bureau.data, number)?;
    let said = fact(&shown, "approval").context("why it waits")?;
    ensure!(said.starts_with("93 piece of Router"), "{said}");
    let path = bureau.data.join(format!("outbox/{number}.json"));
    ensure!(!path.exists(), "{} is sent before its approval", text(&path)?);
    bureau.act(&["order", "approve", number])?;
    let routers = document(&bureau, "LOT-001")?;
    ensure!(told(&routers)? == [row("LOT-001", "100", 2_400_000, "93")], "{routers}");
    bureau.end()
}

/// 47 toners of 48 that were ordered, at EUR 33.33.
fn toner() -> Result<(Bureau, String)> {
    let offers = "T,SUP,Toner,H87,33.33,EUR,24,24,5,2025-01-01,,BUY,,,,\n";
    let bureau = open(offers, &[line("M-4", "Toner", "47,H87", "34.00")], "100000.00", "")?;
    let order = document(&bureau, "LOT-001")?;
    let number = order["id"].as_str().context("an order")?.to_owned();
    bureau.act(&["order", "respond", &number])?;
    bureau.until("LOT-001", "delivery")?;
    Ok((bureau, number))
}

#[test]
fn surplus_that_alone_is_missing_is_not_waited_for_and_not_paid() -> Result<()> {
    let (bureau, order) = toner()?;
    bureau.act(&["receive", &order, "LOT-001=47"])?;
    let came = bureau.until("LOT-001", "payment")?;
    ensure!(came["funding"][0]["amount"]["minor"] == 156_651, "{came}");
    ensure!(came["reason"] == "1 of its surplus did not come, and is not paid", "{came}");
    bureau.act(&["pay", &order])?;
    bureau.until("LOT-001", "delivered")?;
    let shown = show(&bureau.data, &order)?;
    let said = fact(&shown, "LOT-001").context("the line")?;
    ensure!(said.contains("1 of the surplus did not come"), "{said}");
    ensure!(fact(&shown, "status") == Some("completed"), "{shown}");
    bureau.end()
}

#[test]
fn surplus_comes_with_what_was_missed_and_all_of_it_is_received() -> Result<()> {
    let (bureau, order) = toner()?;
    bureau.act(&["receive", &order, "LOT-001=40/4"])?;
    let part = bureau.until("LOT-001.1", "delivery")?;
    ensure!(part["surplus"] == "1", "{part}");
    // Counted anew, all had come.
    bureau.act(&["receive", &order, "LOT-001=48", "--number", "again"])?;
    let came = bureau.until("LOT-001", "payment")?;
    ensure!(came["quantity"] == "47" && came["surplus"] == "1", "{came}");
    ensure!(came["funding"][0]["amount"]["minor"] == 159_984, "{came}");
    bureau.until("LOT-001.1", "merged")?;
    bureau.end()?;
    let (bureau, order) = toner()?;
    bureau.act(&["receive", &order, "--all"])?;
    let came = bureau.until("LOT-001", "payment")?;
    ensure!(came["funding"][0]["amount"]["minor"] == 159_984, "{came}");
    bureau.end()
}

#[test]
fn check_names_an_order_that_an_earlier_version_made_of_minimums_of_each_lot() -> Result<()> {
    let violations = found("moq_lots.jsonl.gz")?;
    let parts = ["buys 300 H87 of Router for the 123 wanted", "under O2 S2 sells 123"];
    names(&violations, "I14", "PO-S2-AG-EUR-0001", &parts)?;
    ensure!(violations.len() == 1, "{violations:?}");
    Ok(())
}
