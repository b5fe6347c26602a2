//! `waybill serve` with the files connector: orders out, documents in, and a graceful end.

use std::fs;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::secretariat::{Secretariat, Service, fact, payment, receipt, response};
use crate::support::{SOON, Started, eventually, is_clean, kinds, lots, run, show, text, waybill};

#[test]
fn a_lot_is_followed_from_requisition_to_payment() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, document) = secretariat.order(&[])?;
    ensure!(order.starts_with("PO-SUP-BUY-EUR-"), "{order}");
    let sent = fs::read(secretariat.data.join("outbox").join(format!("{order}.json")))?;
    ensure!(document["lines"][0]["quantity"] == "10", "a quantity is text: {document}");
    let document = document.to_string();
    for part in ["LOT-001", "Laptop", &order] {
        ensure!(document.contains(part), "`{part}` is missing: {document}");
    }
    secretariat.until("LOT-001", "response")?;

    // Whoever is not the supplier cannot answer for it.
    let mut forged = response("R-X", &order, "LOT-001");
    forged["sender"] = "AA".into();
    secretariat.send("forged.json", &forged)?;
    secretariat.until_refused("AA", "R-X", &["only `SUP` may"])?;
    secretariat.until("LOT-001", "response")?;

    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    // The same document under another name, and with other content under the same number.
    secretariat.send("response-again.json", &response("R-1", &order, "LOT-001"))?;
    let mut other = response("R-1", &order, "LOT-001");
    other["lines"][0] = json!({"lot": "LOT-001", "answer": "refused", "text": "changed our mind"});
    secretariat.send("response-other.json", &other)?;

    secretariat.hand_in("broken.json", b"{\"sender\": \"SUP\", \"number\":")?;
    secretariat.until_put_aside("broken.json", &["broken.json", "EOF"])?;

    let line = json!({"lot": "LOT-001", "quantity": "10"});
    secretariat.send(
        "despatch.json",
        &json!({"sender": "SUP", "number": "D-1", "type": "despatch_advice", "order": order,
                "lines": [line]}),
    )?;
    eventually("it is despatched", SOON, || {
        Ok(kinds(&show(&secretariat.data, "LOT-001")?).contains(&"lot.despatched").then_some(()))
    })?;
    let line = json!({"lot": "LOT-001", "accepted": "8", "rejected": "2",
                      "remedy": "return"});
    secretariat.send("receipt.json", &receipt("RA-1", &order, &line))?;
    let lot = secretariat.until("LOT-001", "payment")?;
    ensure!(lot["quantity"] == "8", "{lot}");
    ensure!(lot["funding"][0]["amount"]["minor"] == 8 * 9000, "{lot}");
    secretariat.send("receipt-again.json", &receipt("RA-1", &order, &line))?;

    // Money cannot be said to be paid by somebody else.
    let mut forged = payment("P-X", &order, "LOT-001", 8 * 9000);
    forged["sender"] = "SUP".into();
    secretariat.send("forged-payment.json", &forged)?;
    secretariat.until_refused("SUP", "P-X", &["only `BUY` may"])?;
    secretariat.until("LOT-001", "payment")?;
    secretariat.send("payment.json", &payment("P-1", &order, "LOT-001", 8 * 9000))?;
    secretariat.until("LOT-001", "delivered")?;
    secretariat.send("payment-again.json", &payment("P-1", &order, "LOT-001", 8 * 9000))?;

    // What was rejected is matched and ordered again at its rank.
    let (second, _) = secretariat.order(&[&order])?;
    secretariat.until("LOT-001.1", "response")?;
    secretariat.send("response2.json", &response("R-2", &second, "LOT-001.1"))?;
    secretariat.until("LOT-001.1", "delivery")?;
    let line = json!({"lot": "LOT-001.1", "accepted": "2"});
    secretariat.send("receipt2.json", &receipt("RA-2", &second, &line))?;
    secretariat.until("LOT-001.1", "payment")?;
    secretariat.send("payment2.json", &payment("P-2", &second, "LOT-001.1", 2 * 9000))?;
    secretariat.until("LOT-001.1", "delivered")?;

    let shown = show(&secretariat.data, "LOT-001")?;
    let happened = kinds(&shown);
    for once in ["lot.order_accepted", "lot.despatched", "lot.received", "lot.paid"] {
        let times = happened.iter().filter(|kind| **kind == once).count();
        ensure!(times == 1, "{once} happened {times} times: {happened:?}");
    }
    let quantities = lots(&secretariat.data)?;
    let quantities: Vec<&serde_json::Value> =
        quantities.iter().map(|lot| &lot["quantity"]).collect();
    ensure!(quantities == ["8", "2"], "{quantities:?}");
    ensure!(fs::read(secretariat.data.join("outbox").join(format!("{order}.json")))? == sent);
    let events = is_clean(&secretariat.data)?;

    // Once more after a restart: what was taken stays taken.
    secretariat.service.stop()?;
    ensure!(!secretariat.data.join("waybill.sock").exists(), "the socket is left");
    ensure!(is_clean(&secretariat.data)? == events, "the end changed something");
    let service = Service::start(&secretariat.data, None)?;
    let secretariat = Secretariat { service, ..secretariat };
    secretariat.send("payment-late.json", &payment("P-1", &order, "LOT-001", 8 * 9000))?;
    secretariat.service.stop()?;
    ensure!(is_clean(&secretariat.data)? == events, "a repeated document changed something");
    drop(secretariat.folder);
    Ok(())
}

#[test]
fn what_is_rejected_can_be_delivered_again() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    let line = json!({"lot": "LOT-001", "accepted": "8", "rejected": "2",
                      "remedy": "replace"});
    secretariat.send("receipt.json", &receipt("RA-1", &order, &line))?;
    secretariat.until("LOT-001", "payment")?;
    let rest = secretariat.until("LOT-001.1", "delivery")?;
    ensure!(rest["order"] == *order, "{rest}");
    let line = json!({"lot": "LOT-001.1", "accepted": "2"});
    secretariat.send("receipt2.json", &receipt("RA-2", &order, &line))?;
    secretariat.until("LOT-001.1", "payment")?;
    let mut both = payment("P-1", &order, "LOT-001", 8 * 9000);
    both["lines"] = json!([
        {"lot": "LOT-001", "amount": {"minor": 8 * 9000, "currency": "EUR"}},
        {"lot": "LOT-001.1", "amount": {"minor": 2 * 9000, "currency": "EUR"}},
    ]);
    secretariat.send("payment.json", &both)?;
    secretariat.until("LOT-001", "delivered")?;
    secretariat.until("LOT-001.1", "delivered")?;
    // The order stays as agreed; its lots tell what became of it.
    let shown = show(&secretariat.data, &order)?;
    ensure!(fact(&shown, "status") == Some("completed"), "{shown}");
    ensure!(fact(&shown, "total") == Some("EUR 900.00"), "{shown}");
    let line = fact(&shown, "LOT-001").unwrap_or_default();
    ensure!(line.starts_with("10 piece Laptop, EUR 900.00,"), "{shown}");
    ensure!(line.ends_with("; 8 delivered, 2 (LOT-001.1) delivered"), "{shown}");
    ensure!(fact(&shown, "LOT-001.1").is_none(), "{shown}");
    ensure!(fs::read_dir(secretariat.data.join("outbox"))?.count() == 1, "a second order was sent");
    is_clean(&secretariat.data)?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn parts_of_a_piece_are_not_received() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    // Eight thousandths of a laptop.
    let line = json!({"lot": "LOT-001", "accepted": "0.008", "rejected": "0"});
    secretariat.send("receipt.json", &receipt("RA-1", &order, &line))?;
    secretariat.until_refused("REQ", "RA-1", &["LOT-001", "0.008 piece"])?;
    let line = json!({"lot": "LOT-001", "accepted": "8", "rejected": "1.5"});
    secretariat.send("receipt2.json", &receipt("RA-2", &order, &line))?;
    secretariat.until_refused("REQ", "RA-2", &["LOT-001", "1.5 piece"])?;
    let line = json!({"lot": "LOT-001", "quantity": "1.25"});
    secretariat.send(
        "despatch.json",
        &json!({"sender": "SUP", "number": "D-1", "type": "despatch_advice", "order": order,
                "lines": [line]}),
    )?;
    secretariat.until_refused("SUP", "D-1", &["LOT-001", "1.25 piece"])?;
    secretariat.until("LOT-001", "delivery")?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn what_is_no_quantity_is_no_document() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    let before = is_clean(&secretariat.data)?;
    // A number could be pieces or thousandths.
    for (i, quantity) in
        [json!(8000), json!(8.5), json!("-8"), json!("1e3"), json!("1,5"), json!("0.0001")]
            .into_iter()
            .enumerate()
    {
        let name = format!("receipt{i}.json");
        let line = json!({"lot": "LOT-001", "accepted": quantity});
        secretariat.hand_in(&name, receipt("RA-1", &order, &line).to_string().as_bytes())?;
        let part = if quantity.is_string() { "is not a quantity" } else { "expected a string" };
        secretariat.until_put_aside(&name, &[&name, part])?;
    }
    // Each is an incident, and nothing else.
    ensure!(is_clean(&secretariat.data)? == before + 6, "what is no document left another event");
    let line = json!({"lot": "LOT-001", "accepted": "10.000"});
    secretariat.send("receipt.json", &receipt("RA-1", &order, &line))?;
    secretariat.until("LOT-001", "payment")?;
    secretariat.service.stop()?;
    Ok(())
}

#[test]
fn only_the_recipient_confirms_receipt() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    let line = json!({"lot": "LOT-001", "accepted": "10"});
    let mut forged = receipt("RA-1", &order, &line);
    // The supplier confirms its own delivery, or the buyer or the donor does.
    for sender in ["SUP", "BUY", "AA"] {
        forged["sender"] = sender.into();
        secretariat.send(&format!("receipt-{sender}.json"), &forged)?;
        secretariat.until_refused(sender, "RA-1", &["only `REQ` may"])?;
    }
    secretariat.until("LOT-001", "delivery")?;
    secretariat.send("receipt.json", &receipt("RA-1", &order, &line))?;
    secretariat.until("LOT-001", "payment")?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn a_document_about_nothing_changes_nothing() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    let (before, events) = (lots(&secretariat.data)?, is_clean(&secretariat.data)?);
    secretariat.send("no-order.json", &response("R-1", "PO-NONE", "LOT-001"))?;
    secretariat.until_refused("SUP", "R-1", &["there is no order `PO-NONE`"])?;
    secretariat.send("no-lot.json", &response("R-2", &order, "LOT-ZZZ"))?;
    secretariat.until_refused("SUP", "R-2", &[&order])?;
    secretariat.send("too-early.json", &payment("P-1", &order, "LOT-001", 90_000))?;
    secretariat.until_refused("BUY", "P-1", &["LOT-001", "paid"])?;
    for (name, document) in [
        ("unknown-type.json", json!({"sender": "SUP", "number": "X-1", "type": "hello"})),
        (
            "no-sender.json",
            json!({"number": "X-2", "type": "approval", "order": order,
                                  "approved": true}),
        ),
        ("list.json", json!([])),
    ] {
        secretariat.hand_in(name, document.to_string().as_bytes())?;
        secretariat.until_put_aside(name, &[name])?;
    }
    secretariat.hand_in("latin.json", b"{\"sender\": \"\xff\"}")?;
    secretariat.until_put_aside("latin.json", &["UTF-8"])?;
    secretariat.until("LOT-001", "response")?;
    ensure!(lots(&secretariat.data)? == before, "a refused document changed a lot");
    // Each refusal is recorded, with its incident, and nothing else.
    let now = is_clean(&secretariat.data)?;
    let told = now - events;
    ensure!(told == 10, "{told} events of 3 refused documents and 4 files that are none");
    // What did not apply has not used up its number.
    secretariat.send("response.json", &response("R-1", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    let line = json!({"lot": "LOT-001", "accepted": "10"});
    secretariat.send("receipt.json", &receipt("RA-1", &order, &line))?;
    secretariat.until("LOT-001", "payment")?;
    secretariat.send("payment.json", &payment("P-1", &order, "LOT-001", 90_000))?;
    secretariat.until("LOT-001", "delivered")?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn what_is_handed_in_while_nobody_serves_is_taken_later() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    secretariat.service.kill()?;
    let document = response("R-1", &order, "LOT-001").to_string();
    fs::write(secretariat.data.join("inbox/response.json"), document)?;
    let service = Service::start(&secretariat.data, None)?;
    let secretariat = Secretariat { folder: secretariat.folder, data: secretariat.data, service };
    secretariat.until("LOT-001", "delivery")?;
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn commands_are_answered_while_serve_starts() -> Result<()> {
    let secretariat = Secretariat::open(2)?;
    let data = secretariat.data.clone();
    secretariat.service.stop()?;
    for _ in 0..3 {
        let mut serve = waybill(&["serve", "--data", text(&data)?]);
        let mut process = Started(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        eventually("serve answers", SOON, || {
            run(&["lots", "--data", text(&data)?])?.ok()?;
            Ok(UnixStream::connect(data.join("waybill.sock")).ok())
        })?;
        process.terminate()?;
        process.end(SOON)?;
    }
    Ok(())
}
