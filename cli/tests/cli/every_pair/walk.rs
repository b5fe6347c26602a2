//! A line from its submission to its payment, each by its own account.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::api::surface::{Surface, row};
use crate::support::is_clean;

#[test]
fn three_lines_are_submitted_and_one_is_followed_to_its_payment() -> Result<()> {
    let surface = Surface::open(1)?;
    let requester = surface.token("requester", "REQ")?;
    let rows = json!([row("W-1", "REQ", 4), row("W-2", "REQ", 5), row("W-3", "REQ", 6)]);
    let handed = surface.post(&requester, "/v1/requisitions", &rows)?.is(200)?.json()?;
    ensure!(handed["new"] == 3 && handed["rows"][1]["line"] == "LINE-003", "{handed}");
    let again = surface.post(&requester, "/v1/requisitions", &rows)?.is(200)?.json()?;
    ensure!(again["unchanged"] == 3, "{again}");

    let lot = surface.until("LOT-003", "response")?;
    ensure!(lot["external_id"] == "W-2" && lot["funding"][0]["donors"][0] == "AA", "{lot}");
    let why = surface.get(&requester, "/v1/lots/LOT-003/why")?.is(200)?.json()?;
    // Whose money it is is told; the id of another's contribution is not.
    ensure!(why["explanation"]["payers"][0]["donors"][0] == "AA", "{why}");
    ensure!(why["explanation"]["payers"][0]["envelope"] == "", "{why}");
    let order = lot["order"].clone();

    let say = |role: &str, party: &str, document: serde_json::Value| -> Result<()> {
        let token = surface.token(role, party)?;
        let answer = surface.post(&token, "/v1/documents", &document)?.is(200)?.json()?;
        ensure!(answer["outcome"] == "taken", "{answer}");
        Ok(())
    };
    say(
        "supplier",
        "SUP",
        json!({"number": "OR-1", "type": "order_response", "order": order, "lines": []}),
    )?;
    surface.until("LOT-003", "delivery")?;
    let despatched = json!([{"lot": "LOT-003", "quantity": "5"}]);
    say(
        "carrier",
        "SUP",
        json!({"number": "DA-1", "type": "despatch_advice", "order": order,
                                 "lines": despatched}),
    )?;
    let received = json!([{"lot": "LOT-003", "accepted": "5"}]);
    say(
        "recipient",
        "C1",
        json!({"number": "RA-1", "type": "receipt_advice", "order": order,
                                  "lines": received}),
    )?;
    surface.until("LOT-003", "payment")?;
    let paid = json!([{"lot": "LOT-003", "amount": {"minor": 5 * 9000, "currency": "EUR"}}]);
    say(
        "buying_agent",
        "BUY",
        json!({"number": "P-1", "type": "payment", "order": order,
                                      "date": chrono::Utc::now().date_naive(), "lines": paid}),
    )?;
    surface.until("LOT-003", "delivered")?;

    let timeline = surface.get(&requester, "/v1/lots/LOT-003/timeline")?.is(200)?.json()?;
    let told = timeline.to_string();
    for actor in ["carrier for SUP", "recipient for C1"] {
        ensure!(told.contains(actor), "`{actor}` is missing: {told}");
    }
    is_clean(&surface.secretariat.data)?;
    Ok(())
}

#[test]
fn many_hand_in_lines_at_once_and_each_line_is_taken_once() -> Result<()> {
    let surface = Surface::open(1)?;
    let requester = surface.token("requester", "REQ")?;
    std::thread::scope(|scope| {
        let hand_in = |writer: u32| {
            for line in 0..8 {
                let rows =
                    json!([row(&format!("M-{writer}/{line}"), "REQ", 1 + writer * 8 + line)]);
                let handed =
                    surface.post(&requester, "/v1/requisitions", &rows)?.is(200)?.json()?;
                ensure!(handed["new"] == 1, "{handed}");
            }
            Ok(())
        };
        let writers: Vec<_> = (0..12).map(|w| scope.spawn(move || hand_in(w))).collect();
        writers.into_iter().try_for_each(|writer| match writer.join() {
            Ok(done) => done,
            Err(_) => anyhow::bail!("panicked"),
        })
    })?;
    let lines = surface.get(&requester, "/v1/lines?limit=1000")?.is(200)?.json()?;
    ensure!(lines["items"].as_array().map(Vec::len) == Some(1 + 12 * 8), "{lines}");
    is_clean(&surface.secretariat.data)?;
    Ok(())
}
