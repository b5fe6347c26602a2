//! Payments to a running `serve`: in parts, too much, too early, in the wrong currency.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::secretariat::{Secretariat, fact, payment, receipt, response};
use crate::support::{SOON, eventually, is_clean, kinds, run, show, text};

/// Opens an office in which ten laptops wait for their payment of EUR 900.
fn with_a_lot_to_pay() -> Result<(Secretariat, String)> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    let line = json!({"lot": "LOT-001", "accepted": "10"});
    secretariat.send("receipt.json", &receipt("RA-1", &order, &line))?;
    secretariat.until("LOT-001", "payment")?;
    Ok((secretariat, order))
}

#[test]
fn a_lot_that_is_paid_in_part_waits_for_the_rest() -> Result<()> {
    let (secretariat, order) = with_a_lot_to_pay()?;
    secretariat.send("payment.json", &payment("P-1", &order, "LOT-001", 40_000))?;
    eventually("a part is paid", SOON, || {
        Ok(kinds(&show(&secretariat.data, "LOT-001")?).contains(&"lot.part_paid").then_some(()))
    })?;
    let lot = secretariat.until("LOT-001", "payment")?;
    ensure!(lot["reason"] == "EUR 400.00 paid, EUR 500.00 to come", "{lot}");
    let shares: Vec<(&Value, &Value)> = (0..2)
        .map(|i| (&lot["funding"][i]["state"], &lot["funding"][i]["amount"]["minor"]))
        .collect();
    ensure!(
        shares == [(&json!("disbursed"), &json!(40_000)), (&json!("obligated"), &json!(50_000))]
    );
    // Counted anew: not below what is paid.
    let line = json!({"lot": "LOT-001", "accepted": "4", "rejected": "6", "remedy": "return"});
    secretariat.send("receipt-late.json", &receipt("RA-8", &order, &line))?;
    secretariat.until_refused("REQ", "RA-8", &["more of LOT-001 is already paid"])?;
    let line = json!({"lot": "LOT-001", "accepted": "9", "rejected": "1", "remedy": "return"});
    secretariat.send("receipt-again.json", &receipt("RA-9", &order, &line))?;
    eventually("it is counted anew", SOON, || {
        let shown = show(&secretariat.data, "LOT-001")?;
        let received = kinds(&shown);
        Ok((received.iter().filter(|kind| **kind == "lot.received").count() == 2).then_some(()))
    })?;
    is_clean(&secretariat.data)?;
    secretariat.send("payment2.json", &payment("P-2", &order, "LOT-001", 41_000))?;
    let lot = secretariat.until("LOT-001", "delivered")?;
    ensure!(lot["funding"].as_array().map(Vec::len) == Some(1), "{lot}");
    ensure!(lot["funding"][0]["amount"]["minor"] == 81_000, "{lot}");
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn a_despatch_advice_that_comes_late_does_not_undo_the_receipt() -> Result<()> {
    let (secretariat, order) = with_a_lot_to_pay()?;
    let line = json!({"lot": "LOT-001", "quantity": "10"});
    secretariat.send(
        "despatch.json",
        &json!({"sender": "SUP", "number": "D-1", "type": "despatch_advice", "order": order,
                "lines": [line]}),
    )?;
    eventually("it is despatched", SOON, || {
        Ok(kinds(&show(&secretariat.data, "LOT-001")?).contains(&"lot.despatched").then_some(()))
    })?;
    secretariat.until("LOT-001", "payment")?;
    secretariat.send("payment.json", &payment("P-1", &order, "LOT-001", 90_000))?;
    secretariat.until("LOT-001", "delivered")?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn a_final_payment_returns_what_was_bound_beyond_it() -> Result<()> {
    let (secretariat, order) = with_a_lot_to_pay()?;
    let mut last = payment("P-1", &order, "LOT-001", 80_000);
    last["lines"][0]["final"] = true.into();
    secretariat.send("payment.json", &last)?;
    let lot = secretariat.until("LOT-001", "delivered")?;
    ensure!(lot["funding"][0]["amount"]["minor"] == 80_000, "{lot}");
    let envelope = show(&secretariat.data, "AA-1")?;
    ensure!(fact(&envelope, "paid") == Some("EUR 800.00"), "{envelope}");
    ensure!(fact(&envelope, "bound").is_none(), "{envelope}");
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn what_was_not_received_is_not_paid() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    secretariat.send("payment.json", &payment("P-1", &order, "LOT-001", 90_000))?;
    secretariat.until_refused("BUY", "P-1", &["before LOT-001 is received"])?;
    secretariat.until("LOT-001", "delivery")?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn nothing_comes_back_of_what_was_not_paid() -> Result<()> {
    let (secretariat, order) = with_a_lot_to_pay()?;
    secretariat.send("payment.json", &payment("P-1", &order, "LOT-001", -5_000))?;
    secretariat.until_refused("BUY", "P-1", &["only EUR 0.00 was paid for LOT-001"])?;
    secretariat.until("LOT-001", "payment")?;
    secretariat.service.stop()?;
    Ok(())
}

#[test]
fn a_payment_in_another_currency_than_the_orders_is_refused() -> Result<()> {
    let (secretariat, order) = with_a_lot_to_pay()?;
    let mut wrong = payment("P-1", &order, "LOT-001", 90_000_000_000);
    wrong["lines"][0]["amount"]["currency"] = "USD".into();
    secretariat.send("payment.json", &wrong)?;
    secretariat.until_refused("BUY", "P-1", &["row 1, amount `USD", "is to be paid in EUR"])?;
    secretariat.until("LOT-001", "payment")?;
    secretariat.service.stop()?;
    Ok(())
}

#[test]
fn a_payment_above_what_was_bound_is_recorded_as_an_overrun() -> Result<()> {
    let (secretariat, order) = with_a_lot_to_pay()?;
    secretariat.send("payment.json", &payment("P-1", &order, "LOT-001", 95_000))?;
    let lot = secretariat.until("LOT-001", "delivered")?;
    ensure!(lot["code"] == "overrun" && lot["funding"][0]["amount"]["minor"] == 95_000, "{lot}");
    let incident = show(&secretariat.data, &format!("overrun:{order}"))?;
    ensure!(kinds(&incident) == ["incident.opened"], "{incident}");
    let subjects = fact(&incident, "subjects").unwrap_or_default();
    ensure!(subjects.contains("LOT-001: AA-1 EUR 50.00"), "{incident}");
    is_clean(&secretariat.data)?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn the_overruns_of_an_order_are_one_incident_that_grows() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    let line = json!({"lot": "LOT-001", "accepted": "8", "rejected": "2", "remedy": "replace"});
    secretariat.send("receipt.json", &receipt("RA-1", &order, &line))?;
    secretariat.until("LOT-001", "payment")?;
    secretariat.send("payment.json", &payment("P-1", &order, "LOT-001", 8 * 9000 + 5_000))?;
    secretariat.until("LOT-001", "delivered")?;
    let line = json!({"lot": "LOT-001.1", "accepted": "2"});
    secretariat.send("receipt2.json", &receipt("RA-2", &order, &line))?;
    secretariat.until("LOT-001.1", "payment")?;
    secretariat.send("payment2.json", &payment("P-2", &order, "LOT-001.1", 2 * 9000 + 150))?;
    secretariat.until("LOT-001.1", "delivered")?;
    // The same payment again does not overrun again.
    secretariat
        .send("payment2-again.json", &payment("P-2", &order, "LOT-001.1", 2 * 9000 + 150))?;
    secretariat.service.stop()?;
    let incident = show(&secretariat.data, &format!("overrun:{order}"))?;
    ensure!(kinds(&incident) == ["incident.opened", "incident.grew"], "{incident}");
    let subjects = fact(&incident, "subjects");
    ensure!(subjects == Some("LOT-001: AA-1 EUR 50.00, LOT-001.1: AA-1 EUR 1.50"), "{incident}");
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn some_is_paid_in_advance_and_some_comes_back_afterwards() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    secretariat.send("more.json", &payment("P-0", &order, "LOT-001", 27_001))?;
    secretariat.until_refused(
        "BUY",
        "P-0",
        &["before LOT-001 is received", "at most EUR 270.00 of it"],
    )?;
    secretariat.send("advance.json", &payment("P-1", &order, "LOT-001", 27_000))?;
    let paid = |wanted: &str| {
        eventually("it is paid", SOON, || {
            let envelope = show(&secretariat.data, "AA-1")?;
            Ok((fact(&envelope, "paid") == Some(wanted)).then_some(()))
        })
    };
    paid("EUR 270.00")?;
    secretariat.until("LOT-001", "delivery")?;
    let cancel = ["order", "cancel", &order, "--data", text(&secretariat.data)?, "--yes"];
    run(&cancel)?.failed(1, &["LOT-001 is paid in advance"])?;
    let line = json!({"lot": "LOT-001", "accepted": "10"});
    secretariat.send("receipt.json", &receipt("RA-1", &order, &line))?;
    secretariat.until("LOT-001", "payment")?;
    run(&["pay", &order, "--data", text(&secretariat.data)?, "--yes"])?.ok()?;
    secretariat.until("LOT-001", "delivered")?;
    paid("EUR 900.00")?;
    is_clean(&secretariat.data)?;
    secretariat.send("refund.json", &payment("P-9", &order, "LOT-001", -18_000))?;
    paid("EUR 720.00")?;
    secretariat.until("LOT-001", "delivered")?;
    secretariat.send("all.json", &payment("P-10", &order, "LOT-001", -72_001))?;
    secretariat.until_refused("BUY", "P-10", &["only EUR 720.00 was paid"])?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn a_payment_has_a_day_and_its_rows_add_up() -> Result<()> {
    let (secretariat, order) = with_a_lot_to_pay()?;
    for (number, day, why) in [
        ("P-1", "2099-01-01", "2099-01-01 is in the future"),
        ("P-2", "2025-01-01", "was drawn up on"),
    ] {
        let mut payment = payment(number, &order, "LOT-001", 90_000);
        payment["date"] = day.into();
        secretariat.send(&format!("{number}.json"), &payment)?;
        secretariat.until_refused("BUY", number, &[why])?;
    }
    let mut unknown = payment("P-3", &order, "LOT-001", 30_000);
    let mut line = unknown["lines"][0].clone();
    line["lot"] = "LOT-009".into();
    unknown["lines"].as_array_mut().context("lines")?.push(line);
    secretariat.send("P-3.json", &unknown)?;
    secretariat.until_refused("BUY", "P-3", &["row 2, lot `LOT-009`: it is not part of"])?;
    // Two batches of one lot.
    let mut batches = payment("P-4", &order, "LOT-001", 40_000);
    let mut line = batches["lines"][0].clone();
    line["amount"]["minor"] = 50_000.into();
    batches["lines"].as_array_mut().context("lines")?.push(line);
    secretariat.send("P-4.json", &batches)?;
    let lot = secretariat.until("LOT-001", "delivered")?;
    ensure!(lot["funding"][0]["amount"]["minor"] == 90_000, "{lot}");
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn an_advance_is_for_what_came_and_what_is_owed_stays_on_back_order() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    secretariat.send("advance.json", &payment("P-1", &order, "LOT-001", 27_000))?;
    let paid = |wanted: &str| {
        eventually("it is paid", SOON, || {
            let envelope = show(&secretariat.data, "AA-1")?;
            Ok((fact(&envelope, "paid") == Some(wanted)).then_some(()))
        })
    };
    paid("EUR 270.00")?;
    // Two came, and cost EUR 180.00; the eight that are missing are paid with EUR 90.00.
    let line = json!({"lot": "LOT-001", "accepted": "2", "remedy": "return"});
    secretariat.send("receipt.json", &receipt("RA-1", &order, &line))?;
    secretariat.until("LOT-001", "delivered")?;
    let rest = secretariat.until("LOT-001.1", "delivery")?;
    ensure!(rest["code"] == "paid_in_advance", "{rest}");
    let why = rest["reason"].as_str().unwrap_or_default();
    ensure!(why.contains("EUR 90.00 of it is paid"), "{rest}");
    paid("EUR 270.00")?;
    is_clean(&secretariat.data)?;
    secretariat.send("refund.json", &payment("P-2", &order, "LOT-001.1", -9_000))?;
    paid("EUR 180.00")?;
    run(&["order", "cancel", &order, "--data", text(&secretariat.data)?, "--yes"])?.ok()?;
    eventually("it is matched again", SOON, || {
        let lot = show(&secretariat.data, "LOT-001.1")?;
        Ok((lot["order"] != order.as_str()).then_some(()))
    })?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}
