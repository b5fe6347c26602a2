//! Despatches, receipts and payments as people really send them: rows that add up, rows about something
//! else, documents before their time, parts counted anew, surplus, and the order that tells of all that.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::every_store::nearest_offers::{Bureau, line};
use crate::secretariat::fact;
use crate::support::{SOON, eventually, lots, run, show, text};

const OFFER: &str = "O-1,SUP,Laptop,H87,90.00,EUR,1,1,10,2025-01-01,,BUY,,,,\n";

/// A service with one order of these quantities of laptops, a lot each, and the order's number.
fn ordered(quantities: &[&str]) -> Result<(Bureau, String)> {
    let number = |index: usize| format!("R-{}", index + 1);
    let rows: Vec<String> = quantities
        .iter()
        .enumerate()
        .map(|(index, quantity)| {
            line(&number(index), "Laptop", &format!("{quantity},H87"), "95.00")
        })
        .collect();
    let bureau = Bureau::open(OFFER, &rows)?;
    let lot = bureau.until("LOT-001", "response")?;
    let order = lot["order"].as_str().context("an order")?.to_owned();
    Ok((bureau, order))
}

/// The same, once its supplier has accepted it.
fn accepted(quantities: &[&str]) -> Result<(Bureau, String)> {
    let (bureau, order) = ordered(quantities)?;
    bureau.act(&["order", "respond", &order])?;
    for index in 1..=quantities.len() {
        bureau.until(&format!("LOT-{index:03}"), "delivery")?;
    }
    Ok((bureau, order))
}

fn lot(bureau: &Bureau, id: &str) -> Result<Value> {
    let all = lots(&bureau.data)?;
    all.iter().find(|lot| lot["id"] == id).cloned().with_context(|| format!("no {id}: {all:?}"))
}

/// Waits until the file `name` is in this folder of the inbox; why, where that is said.
fn filed(bureau: &Bureau, name: &str, place: &str) -> Result<String> {
    let path = bureau.data.join("inbox").join(place).join(name);
    eventually(&format!("{name} is in {place}"), SOON, || Ok(path.exists().then_some(())))?;
    Ok(fs::read_to_string(path.with_extension("txt")).unwrap_or_default())
}

fn drop_in(bureau: &Bureau, name: &str, document: &Value) -> Result<()> {
    let inbox = bureau.data.join("inbox");
    fs::write(inbox.join("writing"), document.to_string())?;
    fs::rename(inbox.join("writing"), inbox.join(name))?;
    Ok(())
}

fn document(sender: &str, number: &str, kind: &str, order: &str, lines: Value) -> Value {
    json!({"sender": sender, "number": number, "type": kind, "order": order,
           "date": chrono::Utc::now().date_naive(), "lines": lines})
}

fn receipt(number: &str, order: &str, lines: Value) -> Value {
    document("REQ", number, "receipt_advice", order, lines)
}

fn incidents(bureau: &Bureau) -> Result<String> {
    Ok(run(&["incidents", "--data", text(&bureau.data)?])?.ok()?.out)
}

fn eur(minor: i64) -> Value {
    json!({"minor": minor, "currency": "EUR"})
}

#[test]
fn rows_of_one_lot_add_up() -> Result<()> {
    let (bureau, order) = accepted(&["100"])?;
    let rows = json!([{"lot": "LOT-001", "quantity": "60"}, {"lot": "LOT-001", "quantity": "40"}]);
    drop_in(&bureau, "des.json", &document("SUP", "D-1", "despatch_advice", &order, rows))?;
    filed(&bureau, "des.json", "taken")?;
    let shown = show(&bureau.data, "LOT-001")?;
    ensure!(fact(&shown, "on its way") == Some("100"), "{shown}");
    let rows = json!([{"lot": "LOT-001", "accepted": "70"}, {"lot": "LOT-001", "accepted": "30"}]);
    drop_in(&bureau, "rcp.json", &receipt("R-1", &order, rows))?;
    let received = bureau.until("LOT-001", "payment")?;
    ensure!(received["quantity"] == "100" && lots(&bureau.data)?.len() == 1, "{received}");
    let rows = json!([{"lot": "LOT-001", "amount": eur(500_000)}, {"lot": "LOT-001", "amount": eur(400_000)}]);
    drop_in(&bureau, "pay.json", &document("BUY", "P-1", "payment", &order, rows))?;
    let paid = bureau.until("LOT-001", "delivered")?;
    ensure!(paid["funding"][0]["amount"] == eur(900_000), "{paid}");
    bureau.end()
}

#[test]
fn a_row_that_says_nothing_of_the_order_refuses_the_document() -> Result<()> {
    let (bureau, order) = accepted(&["10", "20"])?;
    let about = |other: &str| {
        let key =
            |value: &str| json!({"lot": value, "accepted": "5", "quantity": "5", "amount": eur(5)});
        json!([key("LOT-001"), key(other)])
    };
    let strip = |rows: Value, keep: &str| -> Value {
        let rows = rows.as_array().cloned().unwrap_or_default();
        rows.into_iter().map(|row| json!({"lot": row["lot"], keep: row[keep]})).collect()
    };
    let documents = [
        ("SUP", "despatch_advice", "quantity"),
        ("REQ", "receipt_advice", "accepted"),
        ("BUY", "payment", "amount"),
    ];
    for (sender, kind, field) in documents {
        let name = format!("{kind}.json");
        let rows = strip(about("LOT-009"), field);
        drop_in(&bureau, &name, &document(sender, "N-1", kind, &order, rows))?;
        let why = filed(&bureau, &name, "refused")?;
        ensure!(why.contains("row 2") && why.contains("LOT-009"), "{why}");
        ensure!(why.contains(&order), "{why}");
        let told = incidents(&bureau)?;
        ensure!(told.contains("LOT-009"), "{told}");
    }
    let rows =
        json!([{"lot": "LOT-001", "answer": "accepted"}, {"lot": "LOT-009", "answer": "accepted"}]);
    drop_in(&bureau, "rsp.json", &document("SUP", "N-2", "order_response", &order, rows))?;
    let why = filed(&bureau, "rsp.json", "refused")?;
    ensure!(why.contains("LOT-009"), "{why}");
    // Rows that contradict one another.
    let rows = json!([{"lot": "LOT-001", "accepted": "5"}, {"lot": "LOT-001", "accepted": "5", "remedy": "return"}]);
    drop_in(&bureau, "rcp.json", &receipt("N-2", &order, rows))?;
    let why = filed(&bureau, "rcp.json", "refused")?;
    ensure!(why.contains("row 2") && why.contains("remedy"), "{why}");
    // Nothing at all.
    drop_in(&bureau, "none.json", &receipt("N-3", &order, json!([])))?;
    filed(&bureau, "none.json", "refused")?;
    for id in ["LOT-001", "LOT-002"] {
        let lot = lot(&bureau, id)?;
        ensure!(lot["awaits"] == "delivery", "{lot}");
    }
    // Mended, it is taken under the same number, and needs nobody any more.
    let rows = json!([{"lot": "LOT-001", "accepted": "10"}, {"lot": "LOT-002", "accepted": "20"}]);
    drop_in(
        &bureau,
        "receipt_advice.json",
        &document("REQ", "N-1", "receipt_advice", &order, rows),
    )?;
    bureau.until("LOT-002", "payment")?;
    let told = incidents(&bureau)?;
    ensure!(!told.contains("N-1 of REQ"), "{told}");
    // What was received is not to come any more.
    let rows = json!([{"lot": "LOT-001", "accepted": "10"}]);
    drop_in(&bureau, "again.json", &receipt("N-4", &order, rows))?;
    let why = filed(&bureau, "again.json", "refused")?;
    ensure!(why.contains("already received"), "{why}");
    bureau.end()
}

#[test]
fn what_comes_before_its_time_is_kept_and_taken_then() -> Result<()> {
    let (bureau, order) = ordered(&["10"])?;
    let rows = json!([{"lot": "LOT-001", "quantity": "10"}]);
    drop_in(&bureau, "des.json", &document("SUP", "D-1", "despatch_advice", &order, rows))?;
    let rows = json!([{"lot": "LOT-001", "accepted": "10"}]);
    drop_in(&bureau, "rcp.json", &receipt("R-1", &order, rows))?;
    let why = filed(&bureau, "rcp.json", "kept")?;
    ensure!(why.contains("SUP has answered"), "{why}");
    filed(&bureau, "des.json", "kept")?;
    ensure!(lot(&bureau, "LOT-001")?["awaits"] == "response");
    let shown = show(&bureau.data, &order)?;
    ensure!(fact(&shown, "kept").is_some_and(|kept| kept.contains("R-1 of REQ")), "{shown}");
    // What can never be is refused at once.
    let rows = json!([{"lot": "LOT-001", "accepted": "10.5"}]);
    drop_in(&bureau, "half.json", &receipt("R-2", &order, rows))?;
    filed(&bureau, "half.json", "refused")?;
    bureau.act(&["order", "respond", &order])?;
    let received = bureau.until("LOT-001", "payment")?;
    ensure!(received["quantity"] == "10", "{received}");
    filed(&bureau, "rcp.json", "taken")?;
    filed(&bureau, "des.json", "taken")?;
    ensure!(fact(&show(&bureau.data, &order)?, "kept").is_none());
    bureau.end()
}

#[test]
fn what_was_kept_and_can_never_be_is_refused() -> Result<()> {
    let (bureau, order) = ordered(&["10"])?;
    let data = text(&bureau.data)?;
    let said = run(&["receive", &order, "LOT-001=10", "--number", "R-1", "--yes", "--data", data])?;
    ensure!(said.ok()?.out.starts_with("kept, as R-1 of REQ"));
    let rows = json!([{"lot": "LOT-001", "accepted": "10"}]);
    drop_in(&bureau, "rcp.json", &receipt("R-2", &order, rows))?;
    filed(&bureau, "rcp.json", "kept")?;
    bureau.act(&["order", "cancel", &order])?;
    let why = filed(&bureau, "rcp.json", "refused")?;
    ensure!(why.contains(&order), "{why}");
    eventually("both are incidents", SOON, || {
        let told = incidents(&bureau)?;
        Ok((told.contains("R-1 of REQ") && told.contains("R-2 of REQ")).then_some(()))
    })?;
    bureau.end()
}

/// What somebody has to decide about surplus.
fn surplus(bureau: &Bureau) -> Result<Vec<String>> {
    let data = text(&bureau.data)?;
    let moves = run(&["todo", "--data", data, "--json"])?.json()?;
    let moves = moves.as_array().context("a list")?;
    let each = moves.iter().filter(|row| row["task"] == "surplus");
    let each = each.flat_map(|row| row["each"].as_array().cloned().unwrap_or_default());
    Ok(each.filter_map(|each| each["why"].as_str().map(str::to_owned)).collect())
}

#[test]
fn a_back_order_is_judged_by_itself_and_what_comes_above_it_is_decided_on() -> Result<()> {
    let (bureau, order) = accepted(&["10"])?;
    bureau.act(&["receive", &order, "LOT-001=8"])?;
    bureau.until("LOT-001.1", "delivery")?;
    bureau.act(&["receive", &order, "LOT-001.1=5"])?;
    let part = bureau.until("LOT-001.1", "payment")?;
    ensure!(part["quantity"] == "2" && part["code"] == "oversupply", "{part}");
    ensure!(surplus(&bureau)? == [format!("3 more came than {order} bought")]);
    let shown = show(&bureau.data, &order)?;
    ensure!(
        fact(&shown, "LOT-001").is_some_and(|said| said.contains("3 more than ordered")),
        "{shown}"
    );
    // The line tolerates nothing above.
    let data = text(&bureau.data)?;
    run(&["surplus", "pay", "LOT-001.1", "--yes", "--data", data])?;
    ensure!(surplus(&bureau)?.len() == 1);
    bureau.act(&["surplus", "return", "LOT-001.1", "--reason", "too many"])?;
    ensure!(surplus(&bureau)?.is_empty());
    // The same again changes nothing, and a mind may be changed.
    bureau.act(&["surplus", "return", "LOT-001.1"])?;
    bureau.act(&["surplus", "keep", "LOT-001.1"])?;
    let shown = show(&bureau.data, "surplus:LOT-001.1")?;
    ensure!(fact(&shown, "fate") == Some("kept_unpaid"), "{shown}");
    bureau.act(&["pay", &order])?;
    bureau.until("LOT-001", "delivered")?;
    bureau.end()
}

#[test]
fn surplus_within_the_tolerance_may_be_paid() -> Result<()> {
    let row = line("R-1", "Laptop", "100,H87", "95.00").replace("C1,,0,", "C1,,50,");
    let bureau = Bureau::open(OFFER, &[row])?;
    let order = bureau.until("LOT-001", "response")?["order"].as_str().context("one")?.to_owned();
    bureau.act(&["order", "respond", &order])?;
    bureau.until("LOT-001", "delivery")?;
    bureau.act(&["receive", &order, "LOT-001=104"])?;
    bureau.until("LOT-001", "payment")?;
    bureau.act(&["surplus", "pay", "LOT-001", "--reason", "useful"])?;
    let lot = lot(&bureau, "LOT-001")?;
    ensure!(lot["funding"][0]["covers"] == eur(936_000), "{lot}");
    bureau.act(&["pay", &order])?;
    bureau.until("LOT-001", "delivered")?;
    bureau.end()
}

#[test]
fn what_is_counted_anew_is_what_was_missed() -> Result<()> {
    let (bureau, order) = accepted(&["10"])?;
    bureau.act(&["receive", &order, "LOT-001=8"])?;
    bureau.until("LOT-001.1", "delivery")?;
    bureau.act(&["receive", &order, "LOT-001=10", "--number", "again"])?;
    let counted = lot(&bureau, "LOT-001")?;
    ensure!(counted["quantity"] == "10" && counted["awaits"] == "payment", "{counted}");
    ensure!(counted["funding"][0]["covers"] == eur(90_000), "{counted}");
    ensure!(lot(&bureau, "LOT-001.1")?["state"] == "merged");
    // Once more is no news, less is missed again.
    let data = text(&bureau.data)?;
    run(&["receive", &order, "LOT-001=10", "--number", "third", "--yes", "--data", data])?
        .failed(1, &["already received"])?;
    bureau.act(&["receive", &order, "LOT-001=9", "--number", "fourth"])?;
    let missed = bureau.until("LOT-001.2", "delivery")?;
    ensure!(missed["quantity"] == "1", "{missed}");
    bureau.act(&["receive", &order, "LOT-001.2=1"])?;
    bureau.act(&["pay", &order])?;
    bureau.until("LOT-001", "delivered")?;
    bureau.until("LOT-001.2", "delivered")?;
    ensure!(fact(&show(&bureau.data, &order)?, "status") == Some("completed"));
    bureau.end()
}

/// A service with a line of `quantity`, of which `times` lots of `each` are split off before any of it is
/// ordered.
fn split(quantity: &str, times: usize, each: &str) -> Result<Bureau> {
    let row = line("R-1", "Laptop", &format!("{quantity},H87"), "95.00");
    let row = row.replace("C1,,0,", "C1,1,50,");
    let money = "id,donors,firmness,stated,amount,currency,earmark_items,obligate_by,consent,source\n\
                 AA-1,AA,commitment,2025-01-01,100000.00,EUR,Router,2099-12-31,none,invented\n";
    let bureau = Bureau::open_with(OFFER, &[row], &[("contributions.csv", money)])?;
    bureau.until("LOT-001", "funding")?;
    for _ in 0..times {
        bureau.act(&["split", "LOT-001", each, "--again"])?;
    }
    let money = ["--amount", "EUR 50,000", "--evidence", "x"];
    bureau.act(&[&["commit", "AA-2", "--donor", "AA"][..], &money].concat())?;
    Ok(bureau)
}

#[test]
fn the_tolerance_of_a_line_is_one_over_all_its_lots() -> Result<()> {
    let bureau = split("100", 9, "10")?;
    let order = bureau.until("LOT-001.9", "response")?["order"].as_str().context("one")?.to_owned();
    bureau.act(&["order", "respond", &order])?;
    bureau.until("LOT-001.9", "delivery")?;
    let mut receive = vec!["receive".to_owned(), order.clone(), "LOT-001=5".to_owned()];
    receive.extend((1..10).map(|part| format!("LOT-001.{part}=5")));
    bureau.act(&receive.iter().map(String::as_str).collect::<Vec<_>>())?;
    let sum = |is: &dyn Fn(&Value) -> bool| -> Result<i64> {
        let all = lots(&bureau.data)?;
        let found = all.iter().filter(|lot| is(lot)).filter_map(|lot| lot["quantity"].as_str());
        Ok(found.filter_map(|quantity| quantity.parse::<i64>().ok()).sum())
    };
    ensure!(sum(&|lot| lot["state"] == "short")? == 5, "{:?}", lots(&bureau.data));
    ensure!(sum(&|lot| lot["awaits"] == "delivery")? == 45, "{:?}", lots(&bureau.data));
    ensure!(sum(&|lot| lot["awaits"] == "payment")? == 50, "{:?}", lots(&bureau.data));
    bureau.end()
}

#[test]
fn an_order_tells_what_became_of_it() -> Result<()> {
    let (bureau, order) = accepted(&["10", "20"])?;
    let data = text(&bureau.data)?;
    run(&["despatch", &order, "LOT-001=30", "--yes", "--data", data])?
        .failed(1, &["row 1", "30", "10 of LOT-001 are still to come"])?;
    bureau.act(&["receive", &order, "LOT-001=4"])?;
    bureau.act(&["receive", &order, "LOT-002=8"])?;
    let shown = show(&bureau.data, &order)?;
    let said = fact(&shown, "LOT-001").context("the line")?;
    ensure!(said.contains("; 4 ") && said.contains("6 (LOT-001.1)"), "{said}");
    bureau.act(&["order", "cancel", &order])?;
    let shown = show(&bureau.data, &order)?;
    ensure!(fact(&shown, "total") == Some("EUR 1,080.00"), "{shown}");
    ensure!(fact(&shown, "status") == Some("accepted"), "{shown}");
    for (lot, cancelled) in [("LOT-001", "6 cancelled"), ("LOT-002", "12 cancelled")] {
        ensure!(fact(&shown, lot).is_some_and(|said| said.contains(cancelled)), "{shown}");
    }
    bureau.act(&["pay", &order])?;
    let shown = show(&bureau.data, &order)?;
    ensure!(fact(&shown, "status") == Some("completed"), "{shown}");
    ensure!(fact(&shown, "total") == Some("EUR 1,080.00"), "{shown}");
    bureau.end()
}

#[test]
fn a_file_that_cannot_be_filed_stops_no_other_and_one_that_is_being_written_is_left() -> Result<()>
{
    let (bureau, order) = accepted(&["10", "20"])?;
    let whole = receipt("R-3", &order, json!([{"lot": "LOT-001", "accepted": "10"}]));
    let text_of = whole.to_string();
    let uploaded = bureau.data.join("inbox/a-large.json");
    fs::write(&uploaded, &text_of[..text_of.len() / 2])?;
    for (name, number) in [("b-nul.json", "R\u{0}4".to_owned()), ("c-long.json", "9".repeat(5000))]
    {
        drop_in(
            &bureau,
            name,
            &receipt(&number, &order, json!([{"lot": "LOT-002", "accepted": "1"}])),
        )?;
    }
    drop_in(
        &bureau,
        "d.json",
        &receipt("R-5", &order, json!([{"lot": "LOT-002", "accepted": "20"}])),
    )?;
    // All of them were looked at, in the order of their names.
    filed(&bureau, "d.json", "taken")?;
    ensure!(filed(&bureau, "b-nul.json", "refused")?.contains("U+0000"));
    ensure!(filed(&bureau, "c-long.json", "refused")?.contains("5000 characters"));
    let said = incidents(&bureau)?;
    ensure!(said.contains("b-nul.json") && said.contains("c-long.json"), "{said}");
    ensure!(uploaded.exists(), "it was taken away from whoever writes it");
    fs::write(&uploaded, text_of)?;
    filed(&bureau, "a-large.json", "taken")?;
    bureau.end()
}

#[test]
fn what_is_rejected_says_why() -> Result<()> {
    let (bureau, order) = accepted(&["10", "20"])?;
    bureau.act(&["receive", &order, "LOT-001=8/2", "--rejected-for", "broken"])?;
    let part = bureau.until("LOT-001.1", "delivery")?;
    ensure!(part["reason"] == "rejected, broken: on back order", "{part}");
    // By OpenPeppol's codes, in a document: wrong items, sent back.
    let row = json!({"lot": "LOT-002", "accepted": "15", "rejected": "5", "remedy": "2",
                     "reject_reason": "3"});
    drop_in(&bureau, "codes.json", &receipt("R-2", &order, json!([row])))?;
    filed(&bureau, "codes.json", "taken")?;
    let events = run(&["show", "LOT-002.1", "--data", text(&bureau.data)?])?.ok()?.out;
    ensure!(events.contains("another item"), "{events}");
    run(&[
        "receive",
        &order,
        "LOT-001.1=2",
        "--rejected-for",
        "ugly",
        "--data",
        text(&bureau.data)?,
    ])?
    .failed(1, &["ugly", "wrong_item"])?;
    bureau.end()
}

#[test]
fn a_part_that_is_cancelled_leaves_the_line_that_it_was_ordered_under() -> Result<()> {
    let bureau = split("20", 1, "5")?;
    let order = bureau.until("LOT-001.1", "response")?["order"].as_str().context("one")?.to_owned();
    bureau.act(&["order", "respond", &order])?;
    bureau.until("LOT-001.1", "delivery")?;
    bureau.act(&["receive", &order, "LOT-001=3"])?;
    bureau.until("LOT-001.2", "delivery")?;
    bureau.act(&["order", "cancel", &order, "--lot", "LOT-001.2"])?;
    let told = show(&bureau.data, &order)?;
    let line = |lot| fact(&told, lot).with_context(|| format!("{lot}: {told}"));
    ensure!(line("LOT-001")?.starts_with("3 piece"), "{told}");
    ensure!(line("LOT-001")?.contains("12 cancelled"), "{told}");
    ensure!(line("LOT-001.1")?.starts_with("5 piece"), "{told}");
    bureau.end()
}

#[test]
fn check_names_the_rows_that_an_earlier_version_dropped() -> Result<()> {
    let violations = crate::every_store::requesters::found("rows_dropped.jsonl.gz")?;
    crate::every_store::requesters::names(
        &violations,
        "I11",
        "document R-1 of MIN",
        &["100 was received", "70"],
    )?;
    crate::every_store::requesters::names(
        &violations,
        "I11",
        "document P-1 of AG",
        &["6300000", "3000000"],
    )?;
    crate::every_store::requesters::names(&violations, "I12", "LINE-001", &["6300000", "3000000"])?;
    ensure!(violations.len() == 3, "{violations:?}");
    Ok(())
}
