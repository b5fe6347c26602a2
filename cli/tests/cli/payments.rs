//! Payments to a running `serve`: in parts, too much, too early, in the wrong currency.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::office::{Office, fact, payment, receipt, response};
use crate::support::{SOON, eventually, is_clean, kinds, run, show, text};

/// Opens an office in which ten laptops wait for their payment of EUR 900.
fn with_a_lot_to_pay() -> Result<(Office, String)> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "response")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "delivery")?;
    let line = json!({"lot": "LOT-001", "accepted": "10"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until("LOT-001", "payment")?;
    Ok((office, order))
}

#[test]
fn a_lot_that_is_paid_in_part_waits_for_the_rest() -> Result<()> {
    let (office, order) = with_a_lot_to_pay()?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", 40_000))?;
    eventually("a part is paid", SOON, || {
        Ok(kinds(&show(&office.data, "LOT-001")?).contains(&"lot.part_paid").then_some(()))
    })?;
    let lot = office.until("LOT-001", "payment")?;
    ensure!(lot["reason"] == "EUR 400.00 paid, EUR 500.00 to come", "{lot}");
    let shares: Vec<(&Value, &Value)> = (0..2)
        .map(|i| (&lot["funding"][i]["state"], &lot["funding"][i]["amount"]["minor"]))
        .collect();
    ensure!(
        shares == [(&json!("disbursed"), &json!(40_000)), (&json!("obligated"), &json!(50_000))]
    );
    // Counted anew: not below what is paid.
    let line = json!({"lot": "LOT-001", "accepted": "4", "rejected": "6", "remedy": "return"});
    office.send("receipt-late.json", &receipt("RA-8", &order, &line))?;
    office.until_refused("REQ", "RA-8", &["more of LOT-001 is paid than that"])?;
    let line = json!({"lot": "LOT-001", "accepted": "9", "rejected": "1", "remedy": "return"});
    office.send("receipt-again.json", &receipt("RA-9", &order, &line))?;
    eventually("it is counted anew", SOON, || {
        let shown = show(&office.data, "LOT-001")?;
        let received = kinds(&shown);
        Ok((received.iter().filter(|kind| **kind == "lot.received").count() == 2).then_some(()))
    })?;
    is_clean(&office.data)?;
    office.send("payment2.json", &payment("P-2", &order, "LOT-001", 41_000))?;
    let lot = office.until("LOT-001", "delivered")?;
    ensure!(lot["funding"].as_array().map(Vec::len) == Some(1), "{lot}");
    ensure!(lot["funding"][0]["amount"]["minor"] == 81_000, "{lot}");
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn a_despatch_advice_that_comes_late_does_not_undo_the_receipt() -> Result<()> {
    let (office, order) = with_a_lot_to_pay()?;
    let line = json!({"lot": "LOT-001", "quantity": "10"});
    office.send(
        "despatch.json",
        &json!({"sender": "SUP", "number": "D-1", "type": "despatch_advice", "order": order,
                "lines": [line]}),
    )?;
    eventually("it is despatched", SOON, || {
        Ok(kinds(&show(&office.data, "LOT-001")?).contains(&"lot.despatched").then_some(()))
    })?;
    office.until("LOT-001", "payment")?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", 90_000))?;
    office.until("LOT-001", "delivered")?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn a_final_payment_returns_what_was_bound_beyond_it() -> Result<()> {
    let (office, order) = with_a_lot_to_pay()?;
    let mut last = payment("P-1", &order, "LOT-001", 80_000);
    last["lines"][0]["final"] = true.into();
    office.send("payment.json", &last)?;
    let lot = office.until("LOT-001", "delivered")?;
    ensure!(lot["funding"][0]["amount"]["minor"] == 80_000, "{lot}");
    let envelope = show(&office.data, "AA-1")?;
    ensure!(fact(&envelope, "paid") == Some("EUR 800.00"), "{envelope}");
    ensure!(fact(&envelope, "bound").is_none(), "{envelope}");
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn what_was_not_received_is_not_paid() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "response")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "delivery")?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", 90_000))?;
    office.until_refused("BUY", "P-1", &["LOT-001 is not to be paid before it is received"])?;
    office.until("LOT-001", "delivery")?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn nothing_comes_back_of_what_was_not_paid() -> Result<()> {
    let (office, order) = with_a_lot_to_pay()?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", -5_000))?;
    office.until_refused("BUY", "P-1", &["only EUR 0.00 was paid for LOT-001"])?;
    office.until("LOT-001", "payment")?;
    office.service.stop()?;
    Ok(())
}

#[test]
fn a_payment_in_another_currency_than_the_orders_is_refused() -> Result<()> {
    let (office, order) = with_a_lot_to_pay()?;
    let mut wrong = payment("P-1", &order, "LOT-001", 90_000_000_000);
    wrong["lines"][0]["amount"]["currency"] = "USD".into();
    office.send("payment.json", &wrong)?;
    office.until_refused("BUY", "P-1", &["row 1, amount `USD", "is paid in EUR"])?;
    office.until("LOT-001", "payment")?;
    office.service.stop()?;
    Ok(())
}

#[test]
fn a_payment_above_what_was_bound_is_recorded_as_an_overrun() -> Result<()> {
    let (office, order) = with_a_lot_to_pay()?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", 95_000))?;
    let lot = office.until("LOT-001", "delivered")?;
    ensure!(lot["code"] == "overrun" && lot["funding"][0]["amount"]["minor"] == 95_000, "{lot}");
    let incident = show(&office.data, &format!("overrun:{order}"))?;
    ensure!(kinds(&incident) == ["incident.opened"], "{incident}");
    let subjects = fact(&incident, "subjects").unwrap_or_default();
    ensure!(subjects.contains("LOT-001: AA-1 EUR 50.00"), "{incident}");
    is_clean(&office.data)?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn the_overruns_of_an_order_are_one_incident_that_grows() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "response")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "delivery")?;
    let line = json!({"lot": "LOT-001", "accepted": "8", "rejected": "2", "remedy": "replace"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until("LOT-001", "payment")?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", 8 * 9000 + 5_000))?;
    office.until("LOT-001", "delivered")?;
    let line = json!({"lot": "LOT-001.1", "accepted": "2"});
    office.send("receipt2.json", &receipt("RA-2", &order, &line))?;
    office.until("LOT-001.1", "payment")?;
    office.send("payment2.json", &payment("P-2", &order, "LOT-001.1", 2 * 9000 + 150))?;
    office.until("LOT-001.1", "delivered")?;
    // The same payment again does not overrun again.
    office.send("payment2-again.json", &payment("P-2", &order, "LOT-001.1", 2 * 9000 + 150))?;
    office.service.stop()?;
    let incident = show(&office.data, &format!("overrun:{order}"))?;
    ensure!(kinds(&incident) == ["incident.opened", "incident.grew"], "{incident}");
    let subjects = fact(&incident, "subjects");
    ensure!(subjects == Some("LOT-001: AA-1 EUR 50.00, LOT-001.1: AA-1 EUR 1.50"), "{incident}");
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn some_is_paid_in_advance_and_some_comes_back_afterwards() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "response")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "delivery")?;
    office.send("more.json", &payment("P-0", &order, "LOT-001", 27_001))?;
    office.until_refused("BUY", "P-0", &["before it is received", "EUR 270.00 in advance"])?;
    office.send("advance.json", &payment("P-1", &order, "LOT-001", 27_000))?;
    let paid = |wanted: &str| {
        eventually("it is paid", SOON, || {
            let envelope = show(&office.data, "AA-1")?;
            Ok((fact(&envelope, "paid") == Some(wanted)).then_some(()))
        })
    };
    paid("EUR 270.00")?;
    office.until("LOT-001", "delivery")?;
    let cancel = ["order", "cancel", &order, "--data", text(&office.data)?, "--yes"];
    run(&cancel)?.failed(1, &["LOT-001 is paid in advance"])?;
    let line = json!({"lot": "LOT-001", "accepted": "10"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until("LOT-001", "payment")?;
    run(&["pay", &order, "--data", text(&office.data)?, "--yes"])?.ok()?;
    office.until("LOT-001", "delivered")?;
    paid("EUR 900.00")?;
    is_clean(&office.data)?;
    office.send("refund.json", &payment("P-9", &order, "LOT-001", -18_000))?;
    paid("EUR 720.00")?;
    office.until("LOT-001", "delivered")?;
    office.send("all.json", &payment("P-10", &order, "LOT-001", -72_001))?;
    office.until_refused("BUY", "P-10", &["only EUR 720.00 was paid"])?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn a_payment_has_a_day_and_its_rows_add_up() -> Result<()> {
    let (office, order) = with_a_lot_to_pay()?;
    for (number, day, why) in [
        ("P-1", "2099-01-01", "2099-01-01 is still to come"),
        ("P-2", "2025-01-01", "was drawn up on"),
    ] {
        let mut payment = payment(number, &order, "LOT-001", 90_000);
        payment["date"] = day.into();
        office.send(&format!("{number}.json"), &payment)?;
        office.until_refused("BUY", number, &[why])?;
    }
    let mut unknown = payment("P-3", &order, "LOT-001", 30_000);
    let mut line = unknown["lines"][0].clone();
    line["lot"] = "LOT-009".into();
    unknown["lines"].as_array_mut().context("lines")?.push(line);
    office.send("P-3.json", &unknown)?;
    office.until_refused("BUY", "P-3", &["row 2, lot `LOT-009`: it does not travel under"])?;
    // Two batches of one lot.
    let mut batches = payment("P-4", &order, "LOT-001", 40_000);
    let mut line = batches["lines"][0].clone();
    line["amount"]["minor"] = 50_000.into();
    batches["lines"].as_array_mut().context("lines")?.push(line);
    office.send("P-4.json", &batches)?;
    let lot = office.until("LOT-001", "delivered")?;
    ensure!(lot["funding"][0]["amount"]["minor"] == 90_000, "{lot}");
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn an_advance_is_for_what_came_and_what_is_owed_stays_on_back_order() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "response")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "delivery")?;
    office.send("advance.json", &payment("P-1", &order, "LOT-001", 27_000))?;
    let paid = |wanted: &str| {
        eventually("it is paid", SOON, || {
            let envelope = show(&office.data, "AA-1")?;
            Ok((fact(&envelope, "paid") == Some(wanted)).then_some(()))
        })
    };
    paid("EUR 270.00")?;
    // Two came, and cost EUR 180.00; the eight that are missing are paid with EUR 90.00.
    let line = json!({"lot": "LOT-001", "accepted": "2", "remedy": "return"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until("LOT-001", "delivered")?;
    let rest = office.until("LOT-001.1", "delivery")?;
    ensure!(rest["code"] == "paid_in_advance", "{rest}");
    let why = rest["reason"].as_str().unwrap_or_default();
    ensure!(why.contains("EUR 90.00 of it is paid"), "{rest}");
    paid("EUR 270.00")?;
    is_clean(&office.data)?;
    office.send("refund.json", &payment("P-2", &order, "LOT-001.1", -9_000))?;
    paid("EUR 180.00")?;
    run(&["order", "cancel", &order, "--data", text(&office.data)?, "--yes"])?.ok()?;
    eventually("it is matched again", SOON, || {
        let lot = show(&office.data, "LOT-001.1")?;
        Ok((lot["order"] != order.as_str()).then_some(()))
    })?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}
