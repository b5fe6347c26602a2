//! `waybill serve` with the files connector: orders out, documents in, and a graceful end.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::coalition::{self, row};
use crate::support::{
    SOON, Started, eventually, id, is_clean, kinds, lots, run, show, text, waybill,
};

/// How long a service may take to drain.
const DRAIN: Duration = Duration::from_secs(10);

/// A running `serve`, killed with the test.
pub(crate) struct Service {
    process: Started,
    log: PathBuf,
    _talk: TempDir,
}

impl Service {
    /// Starts it and waits until it answers.
    pub(crate) fn start(data: &Path, pipeline: Option<&Path>) -> Result<Self> {
        let talk = TempDir::new()?;
        let log = talk.path().join("log");
        let mut command = waybill(&["serve", "--data", text(data)?]);
        if let Some(pipeline) = pipeline {
            command.arg("--pipeline").arg(pipeline);
        }
        command.env("WAYBILL_LOG_FORMAT", "json");
        command.stdout(Stdio::null()).stderr(File::create(&log)?);
        let mut service = Self { process: Started(command.spawn()?), log, _talk: talk };
        let socket = data.join("waybill.sock");
        eventually("serve answers", SOON, || {
            if let Some(status) = service.process.0.try_wait()? {
                anyhow::bail!("serve ended with {status}: {}", service.log()?);
            }
            Ok(UnixStream::connect(&socket).ok())
        })?;
        Ok(service)
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// SIGTERM; it must drain and exit with 0 in time. Gives the log.
    pub(crate) fn stop(mut self) -> Result<String> {
        self.process.terminate()?;
        let status = self.process.end(DRAIN)?;
        let log = self.log()?;
        ensure!(status.code() == Some(0), "{status}: {log}");
        Ok(log)
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.process.0.kill()?;
        self.process.0.wait()?;
        Ok(())
    }
}

/// A data folder that `serve` serves, with a coalition of one requisition.
struct Office {
    folder: TempDir,
    data: PathBuf,
    service: Service,
}

impl Office {
    fn open(quantity: u32) -> Result<Self> {
        let folder = TempDir::new()?;
        let data = folder.path().join("data");
        let dir = coalition::write(folder.path(), &[row("R-1", quantity)])?;
        let service = Service::start(&data, Some(&dir.join("pipeline.toml")))?;
        let taken = run(&["import", text(&dir)?, "--data", text(&data)?, "--json"])?.json()?;
        ensure!(taken["new"] == 1, "{taken}");
        Ok(Self { folder, data, service })
    }

    /// Waits for an order in the outbox that is not one of `known`; gives number and document.
    fn order(&self, known: &[&str]) -> Result<(String, Value)> {
        let outbox = self.data.join("outbox");
        eventually("an order is in the outbox", SOON, || {
            for entry in fs::read_dir(&outbox)? {
                let path = entry?.path();
                let stem = path.file_stem().and_then(|stem| stem.to_str()).context("a name")?;
                if path.extension().is_some_and(|kind| kind == "json") && !known.contains(&stem) {
                    return Ok(Some((stem.to_owned(), serde_json::from_slice(&fs::read(&path)?)?)));
                }
            }
            Ok(None)
        })
    }

    /// Hands in `bytes` as `name`: written beside, then renamed.
    fn hand_in(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let inbox = self.data.join("inbox");
        fs::write(inbox.join("writing"), bytes)?;
        fs::rename(inbox.join("writing"), inbox.join(name))?;
        Ok(())
    }

    /// Hands in a document, and waits until it is taken from the inbox.
    fn send(&self, name: &str, document: &Value) -> Result<()> {
        self.hand_in(name, document.to_string().as_bytes())?;
        let taken = self.data.join("inbox/taken").join(name);
        eventually("a document is taken", SOON, || Ok(taken.exists().then_some(())))
    }

    /// Waits until lot `wanted` is in a state that prints as JSON with `part` in it.
    fn until(&self, wanted: &str, part: &str) -> Result<Value> {
        let mut last = String::new();
        let found = eventually("a lot gets on", SOON, || {
            let lots = lots(&self.data)?;
            last = lots.iter().map(|lot| format!("{lot}\n")).collect();
            let is_there = |lot: &Value| {
                id(lot).is_ok_and(|id| id == wanted) && lot["state"].to_string().contains(part)
            };
            Ok(lots.into_iter().find(is_there))
        });
        found.with_context(|| {
            format!("{wanted} {part}: {last}\n{}", self.service.log().unwrap_or_default())
        })
    }

    /// Waits until the log says that document `number` of `sender` changes nothing. It must be
    /// recorded, too, with each of `parts` as the reason.
    fn until_refused(&self, sender: &str, number: &str, parts: &[&str]) -> Result<()> {
        eventually("a document is refused", SOON / 2, || {
            let is_it = |line: &str| {
                let entry: Value = serde_json::from_str(line).unwrap_or_default();
                let fields = &entry["fields"];
                fields["sender"] == sender && fields["number"] == number
            };
            Ok(self.service.log()?.lines().any(is_it).then_some(()))
        })?;
        let record = format!("refused_document:{}:{sender}/{number}", sender.len());
        let shown =
            eventually("a refusal is recorded", SOON / 2, || Ok(show(&self.data, &record).ok()))?;
        ensure!(kinds(&shown).iter().all(|kind| *kind == "document.refused"), "{shown}");
        let why = fact(&shown, "why");
        for part in parts {
            ensure!(why.is_some_and(|why| why.contains(part)), "not refused for `{part}`: {shown}");
        }
        Ok(())
    }

    /// Waits until the file `name` is put aside as no document, with a reason that has `parts`.
    fn until_put_aside(&self, name: &str, parts: &[&str]) -> Result<()> {
        let refused = self.data.join("inbox/refused");
        eventually("a file is put aside", SOON, || Ok(refused.join(name).exists().then_some(())))?;
        let why = fs::read_to_string(refused.join(name).with_extension("txt"))?;
        for part in parts {
            ensure!(why.contains(part), "`{part}` is missing: {why}");
        }
        ensure!(!self.data.join("inbox").join(name).exists(), "{name} is still in the inbox");
        Ok(())
    }
}

/// The value of a fact in what `show --json` says.
fn fact<'a>(shown: &'a Value, name: &str) -> Option<&'a str> {
    let facts = shown["facts"].as_array().map(Vec::as_slice).unwrap_or_default();
    facts.iter().find(|fact| fact[0] == name).and_then(|fact| fact[1].as_str())
}

/// `count` pieces as `lots --json` counts them, in thousandths.
fn pieces(count: i64) -> i64 {
    count * 1000
}

fn response(number: &str, order: &str, lot: &str) -> Value {
    json!({"sender": "SUP", "number": number, "type": "order_response", "order": order,
           "lines": [{"lot": lot, "answer": "accepted"}]})
}

fn receipt(number: &str, order: &str, line: &Value) -> Value {
    json!({"sender": "REQ", "number": number, "type": "receipt_advice", "order": order,
           "lines": [line]})
}

fn payment(number: &str, order: &str, lot: &str, minor: i64) -> Value {
    json!({"sender": "BUY", "number": number, "type": "payment", "order": order,
           "date": "2025-06-01",
           "lines": [{"lot": lot, "amount": {"minor": minor, "currency": "EUR"}}]})
}

#[test]
fn a_lot_is_followed_from_requisition_to_payment() -> Result<()> {
    let office = Office::open(10)?;
    let (order, document) = office.order(&[])?;
    ensure!(order.starts_with("PO-SUP-BUY-EUR-"), "{order}");
    let sent = fs::read(office.data.join("outbox").join(format!("{order}.json")))?;
    ensure!(document["lines"][0]["quantity"] == "10", "a quantity is text: {document}");
    let document = document.to_string();
    for part in ["LOT-001", "Laptop", &order] {
        ensure!(document.contains(part), "`{part}` is missing: {document}");
    }
    office.until("LOT-001", "\"response\"")?;

    // Whoever is not the supplier cannot answer for it.
    let mut forged = response("R-X", &order, "LOT-001");
    forged["sender"] = "AA".into();
    office.send("forged.json", &forged)?;
    office.until_refused("AA", "R-X", &["only `SUP` may"])?;
    office.until("LOT-001", "\"response\"")?;

    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "\"delivery\"")?;
    // The same document under another name, and with other content under the same number.
    office.send("response-again.json", &response("R-1", &order, "LOT-001"))?;
    let mut other = response("R-1", &order, "LOT-001");
    other["lines"][0] = json!({"lot": "LOT-001", "answer": "refused", "text": "changed our mind"});
    office.send("response-other.json", &other)?;

    office.hand_in("broken.json", b"{\"sender\": \"SUP\", \"number\":")?;
    office.until_put_aside("broken.json", &["broken.json", "EOF"])?;

    let line = json!({"lot": "LOT-001", "quantity": "10"});
    office.send(
        "despatch.json",
        &json!({"sender": "SUP", "number": "D-1", "type": "despatch_advice", "order": order,
                "lines": [line]}),
    )?;
    eventually("it is despatched", SOON, || {
        Ok(kinds(&show(&office.data, "LOT-001")?).contains(&"lot.despatched").then_some(()))
    })?;
    let line = json!({"lot": "LOT-001", "accepted": "8", "rejected": "2",
                      "remedy": "return"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    let lot = office.until("LOT-001", "\"payment\"")?;
    ensure!(lot["quantity"] == pieces(8), "{lot}");
    ensure!(lot["funding"][0]["amount"]["minor"] == 8 * 9000, "{lot}");
    office.send("receipt-again.json", &receipt("RA-1", &order, &line))?;

    // Money cannot be said to be paid by somebody else.
    let mut forged = payment("P-X", &order, "LOT-001", 8 * 9000);
    forged["sender"] = "SUP".into();
    office.send("forged-payment.json", &forged)?;
    office.until_refused("SUP", "P-X", &["only `BUY` may"])?;
    office.until("LOT-001", "\"payment\"")?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", 8 * 9000))?;
    office.until("LOT-001", "delivered")?;
    office.send("payment-again.json", &payment("P-1", &order, "LOT-001", 8 * 9000))?;

    // What was rejected is matched and ordered again at its rank.
    let (second, _) = office.order(&[&order])?;
    office.until("LOT-001.1", "\"response\"")?;
    office.send("response2.json", &response("R-2", &second, "LOT-001.1"))?;
    office.until("LOT-001.1", "\"delivery\"")?;
    let line = json!({"lot": "LOT-001.1", "accepted": "2"});
    office.send("receipt2.json", &receipt("RA-2", &second, &line))?;
    office.until("LOT-001.1", "\"payment\"")?;
    office.send("payment2.json", &payment("P-2", &second, "LOT-001.1", 2 * 9000))?;
    office.until("LOT-001.1", "delivered")?;

    let shown = show(&office.data, "LOT-001")?;
    let happened = kinds(&shown);
    for once in ["lot.order_accepted", "lot.despatched", "lot.received", "lot.paid"] {
        let times = happened.iter().filter(|kind| **kind == once).count();
        ensure!(times == 1, "{once} happened {times} times: {happened:?}");
    }
    let quantity: i64 = lots(&office.data)?.iter().filter_map(|lot| lot["quantity"].as_i64()).sum();
    ensure!(quantity == pieces(10), "{quantity}");
    ensure!(fs::read(office.data.join("outbox").join(format!("{order}.json")))? == sent);
    let events = is_clean(&office.data)?;

    // Once more after a restart: what was taken stays taken.
    office.service.stop()?;
    ensure!(!office.data.join("waybill.sock").exists(), "the socket is left");
    ensure!(is_clean(&office.data)? == events, "the end changed something");
    let service = Service::start(&office.data, None)?;
    let office = Office { service, ..office };
    office.send("payment-late.json", &payment("P-1", &order, "LOT-001", 8 * 9000))?;
    office.service.stop()?;
    ensure!(is_clean(&office.data)? == events, "a repeated document changed something");
    drop(office.folder);
    Ok(())
}

#[test]
fn what_is_rejected_can_be_delivered_again() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "\"response\"")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "\"delivery\"")?;
    let line = json!({"lot": "LOT-001", "accepted": "8", "rejected": "2",
                      "remedy": "replace"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until("LOT-001", "\"payment\"")?;
    let rest = office.until("LOT-001.1", "\"delivery\"")?;
    ensure!(rest["order"] == *order, "{rest}");
    let line = json!({"lot": "LOT-001.1", "accepted": "2"});
    office.send("receipt2.json", &receipt("RA-2", &order, &line))?;
    office.until("LOT-001.1", "\"payment\"")?;
    let mut both = payment("P-1", &order, "LOT-001", 8 * 9000);
    both["lines"] = json!([
        {"lot": "LOT-001", "amount": {"minor": 8 * 9000, "currency": "EUR"}},
        {"lot": "LOT-001.1", "amount": {"minor": 2 * 9000, "currency": "EUR"}},
    ]);
    office.send("payment.json", &both)?;
    office.until("LOT-001", "delivered")?;
    office.until("LOT-001.1", "delivered")?;
    // The order stays as agreed; its lots tell what became of it.
    let shown = show(&office.data, &order)?;
    ensure!(fact(&shown, "status") == Some("accepted"), "{shown}");
    ensure!(fact(&shown, "total") == Some("EUR 900.00"), "{shown}");
    let line = fact(&shown, "LOT-001").unwrap_or_default();
    ensure!(line.starts_with("10 piece Laptop, EUR 900.00,"), "{shown}");
    ensure!(fact(&shown, "LOT-001.1").is_none(), "{shown}");
    ensure!(fs::read_dir(office.data.join("outbox"))?.count() == 1, "a second order was sent");
    is_clean(&office.data)?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn parts_of_a_piece_are_not_received() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "\"response\"")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "\"delivery\"")?;
    // Eight thousandths of a laptop.
    let line = json!({"lot": "LOT-001", "accepted": "0.008", "rejected": "0"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until_refused("REQ", "RA-1", &["LOT-001", "0.008 piece"])?;
    let line = json!({"lot": "LOT-001", "accepted": "8", "rejected": "1.5"});
    office.send("receipt2.json", &receipt("RA-2", &order, &line))?;
    office.until_refused("REQ", "RA-2", &["LOT-001", "1.5 piece"])?;
    let line = json!({"lot": "LOT-001", "quantity": "1.25"});
    office.send(
        "despatch.json",
        &json!({"sender": "SUP", "number": "D-1", "type": "despatch_advice", "order": order,
                "lines": [line]}),
    )?;
    office.until_refused("SUP", "D-1", &["LOT-001", "1.25 piece"])?;
    office.until("LOT-001", "\"delivery\"")?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn what_is_no_quantity_is_no_document() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "\"response\"")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "\"delivery\"")?;
    let before = is_clean(&office.data)?;
    // A number could be pieces or thousandths.
    for (i, quantity) in
        [json!(8000), json!(8.5), json!("-8"), json!("1e3"), json!("1,5"), json!("0.0001")]
            .into_iter()
            .enumerate()
    {
        let name = format!("receipt{i}.json");
        let line = json!({"lot": "LOT-001", "accepted": quantity});
        office.hand_in(&name, receipt("RA-1", &order, &line).to_string().as_bytes())?;
        let part = if quantity.is_string() { "is not a quantity" } else { "expected a string" };
        office.until_put_aside(&name, &[&name, part])?;
    }
    ensure!(is_clean(&office.data)? == before, "what is no document left an event");
    let line = json!({"lot": "LOT-001", "accepted": "10.000"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until("LOT-001", "\"payment\"")?;
    office.service.stop()?;
    Ok(())
}

#[test]
fn only_the_recipient_confirms_receipt() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "\"response\"")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "\"delivery\"")?;
    let line = json!({"lot": "LOT-001", "accepted": "10"});
    let mut forged = receipt("RA-1", &order, &line);
    // The supplier confirms its own delivery, or the buyer or the donor does.
    for sender in ["SUP", "BUY", "AA"] {
        forged["sender"] = sender.into();
        office.send(&format!("receipt-{sender}.json"), &forged)?;
        office.until_refused(sender, "RA-1", &["only `REQ` may"])?;
    }
    office.until("LOT-001", "\"delivery\"")?;
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until("LOT-001", "\"payment\"")?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn a_document_about_nothing_changes_nothing() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "\"response\"")?;
    let (before, events) = (lots(&office.data)?, is_clean(&office.data)?);
    office.send("no-order.json", &response("R-1", "PO-NONE", "LOT-001"))?;
    office.until_refused("SUP", "R-1", &["there is no order `PO-NONE`"])?;
    office.send("no-lot.json", &response("R-2", &order, "LOT-ZZZ"))?;
    office.until_refused("SUP", "R-2", &[&order])?;
    office.send("too-early.json", &payment("P-1", &order, "LOT-001", 90_000))?;
    office.until_refused("BUY", "P-1", &["nothing of", "is to be paid"])?;
    for (name, document) in [
        ("unknown-type.json", json!({"sender": "SUP", "number": "X-1", "type": "hello"})),
        (
            "no-sender.json",
            json!({"number": "X-2", "type": "approval", "order": order,
                                  "approved": true}),
        ),
        ("list.json", json!([])),
    ] {
        office.hand_in(name, document.to_string().as_bytes())?;
        office.until_put_aside(name, &[name])?;
    }
    office.hand_in("latin.json", b"{\"sender\": \"\xff\"}")?;
    office.until_put_aside("latin.json", &["UTF-8"])?;
    office.until("LOT-001", "\"response\"")?;
    ensure!(lots(&office.data)? == before, "a refused document changed a lot");
    // Each refusal is recorded, and nothing else.
    let now = is_clean(&office.data)?;
    ensure!(now == events + 3, "{} events of 3 refused documents", now - events);
    // What did not apply has not used up its number.
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "\"delivery\"")?;
    let line = json!({"lot": "LOT-001", "accepted": "10"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until("LOT-001", "\"payment\"")?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", 90_000))?;
    office.until("LOT-001", "delivered")?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn what_is_handed_in_while_nobody_serves_is_taken_later() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "\"response\"")?;
    office.service.kill()?;
    let document = response("R-1", &order, "LOT-001").to_string();
    fs::write(office.data.join("inbox/response.json"), document)?;
    let service = Service::start(&office.data, None)?;
    let office = Office { folder: office.folder, data: office.data, service };
    office.until("LOT-001", "\"delivery\"")?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

/// Opens an office in which ten laptops wait for their payment of EUR 900.
fn with_a_lot_to_pay() -> Result<(Office, String)> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "\"response\"")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "\"delivery\"")?;
    let line = json!({"lot": "LOT-001", "accepted": "10"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until("LOT-001", "\"payment\"")?;
    Ok((office, order))
}

#[test]
fn a_lot_that_is_paid_in_part_waits_for_the_rest() -> Result<()> {
    let (office, order) = with_a_lot_to_pay()?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", 40_000))?;
    eventually("a part is paid", SOON, || {
        Ok(kinds(&show(&office.data, "LOT-001")?).contains(&"lot.part_paid").then_some(()))
    })?;
    let lot = office.until("LOT-001", "\"payment\"")?;
    ensure!(lot["reason"] == "EUR 400.00 paid, EUR 500.00 to come", "{lot}");
    let shares: Vec<(&Value, &Value)> = (0..2)
        .map(|i| (&lot["funding"][i]["state"], &lot["funding"][i]["amount"]["minor"]))
        .collect();
    ensure!(
        shares == [(&json!("disbursed"), &json!(40_000)), (&json!("obligated"), &json!(50_000))]
    );
    let line = json!({"lot": "LOT-001", "accepted": "9", "rejected": "1", "remedy": "return"});
    office.send("receipt-late.json", &receipt("RA-9", &order, &line))?;
    office.until_refused("REQ", "RA-9", &["paid in part"])?;
    is_clean(&office.data)?;
    office.send("payment2.json", &payment("P-2", &order, "LOT-001", 50_000))?;
    let lot = office.until("LOT-001", "delivered")?;
    ensure!(lot["funding"].as_array().map(Vec::len) == Some(1), "{lot}");
    ensure!(lot["funding"][0]["amount"]["minor"] == 90_000, "{lot}");
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
    office.until("LOT-001", "\"payment\"")?;
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
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn what_was_not_received_is_not_paid() -> Result<()> {
    let office = Office::open(10)?;
    let (order, _) = office.order(&[])?;
    office.until("LOT-001", "\"response\"")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "\"delivery\"")?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", 90_000))?;
    office.until_refused("BUY", "P-1", &["LOT-001 is not to be paid before it is received"])?;
    office.until("LOT-001", "\"delivery\"")?;
    office.service.stop()?;
    is_clean(&office.data)?;
    Ok(())
}

#[test]
fn a_payment_below_zero_is_refused() -> Result<()> {
    let (office, order) = with_a_lot_to_pay()?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", -5_000))?;
    office.until_refused("BUY", "P-1", &["EUR -50.00", "is paid in EUR, from zero"])?;
    office.until("LOT-001", "\"payment\"")?;
    office.service.stop()?;
    Ok(())
}

#[test]
fn a_payment_in_another_currency_than_the_orders_is_refused() -> Result<()> {
    let (office, order) = with_a_lot_to_pay()?;
    let mut wrong = payment("P-1", &order, "LOT-001", 90_000_000_000);
    wrong["lines"][0]["amount"]["currency"] = "USD".into();
    office.send("payment.json", &wrong)?;
    office.until_refused("BUY", "P-1", &["USD", "is paid in EUR, from zero"])?;
    office.until("LOT-001", "\"payment\"")?;
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
    office.until("LOT-001", "\"response\"")?;
    office.send("response.json", &response("R-1", &order, "LOT-001"))?;
    office.until("LOT-001", "\"delivery\"")?;
    let line = json!({"lot": "LOT-001", "accepted": "8", "rejected": "2", "remedy": "replace"});
    office.send("receipt.json", &receipt("RA-1", &order, &line))?;
    office.until("LOT-001", "\"payment\"")?;
    office.send("payment.json", &payment("P-1", &order, "LOT-001", 8 * 9000 + 5_000))?;
    office.until("LOT-001", "delivered")?;
    let line = json!({"lot": "LOT-001.1", "accepted": "2"});
    office.send("receipt2.json", &receipt("RA-2", &order, &line))?;
    office.until("LOT-001.1", "\"payment\"")?;
    office.send("payment2.json", &payment("P-2", &order, "LOT-001.1", 2 * 9000 + 150))?;
    office.until("LOT-001.1", "delivered")?;
    // The same payment again does not overrun again.
    office.send("payment2-again.json", &payment("P-2", &order, "LOT-001.1", 2 * 9000 + 150))?;
    office.service.stop()?;
    let incident = show(&office.data, &format!("overrun:{order}"))?;
    ensure!(kinds(&incident) == ["incident.opened", "incident.grew"], "{incident}");
    let subjects: Value = serde_json::from_str(fact(&incident, "subjects").unwrap_or_default())?;
    let expected = json!(["LOT-001: AA-1 EUR 50.00", "LOT-001.1: AA-1 EUR 1.50"]);
    ensure!(subjects == expected, "{incident}");
    is_clean(&office.data)?;
    Ok(())
}
