//! The events feed: pages, a long poll, a stream.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::api::surface::{Surface, row};
use crate::support::{SOON, eventually};

/// Every event that `token` may see, page by page.
pub(crate) fn all(surface: &Surface, token: &str, query: &str) -> Result<Vec<Value>> {
    let (mut events, mut position) = (Vec::new(), 0);
    loop {
        let path = format!("/v1/events?after={position}&limit=7{query}");
        let page = surface.get(token, &path)?.is(200)?.json()?;
        let found = page["events"].as_array().context("events")?.clone();
        if found.is_empty() {
            return Ok(events);
        }
        position = page["position"].as_i64().context("a position")?;
        events.extend(found);
    }
}

#[test]
fn pages_hold_every_event_once_and_in_order() -> Result<()> {
    let surface = Surface::open(2)?;
    surface.until("LOT-001", "response")?;
    let auditor = surface.token("auditor", "")?;
    // Events have their positions just after their commit.
    eventually("the order is in the feed", SOON, || {
        let ordered = all(&surface, &auditor, "&kinds=lot.ordered")?;
        Ok((ordered.len() == 1).then_some(()))
    })?;
    let events = all(&surface, &auditor, "")?;
    let positions: Vec<i64> = events.iter().filter_map(|e| e["position"].as_i64()).collect();
    ensure!(positions.is_sorted_by(|one, other| one < other), "{positions:?}");
    let of_lot: Vec<&Value> = events.iter().filter(|e| e["subject"] == "LOT-001").collect();
    let numbers: Vec<i64> = of_lot.iter().filter_map(|e| e["data"]["number"].as_i64()).collect();
    ensure!(numbers == (1..=numbers.len() as i64).collect::<Vec<_>>(), "{numbers:?}");
    let kinds: Vec<&str> = of_lot.iter().filter_map(|e| e["type"].as_str()).collect();
    ensure!(kinds.contains(&"waybill.lot.matched"), "{kinds:?}");
    let first = of_lot[0];
    ensure!(first["specversion"] == "1.0" && first["source"] == "/coalitions/Test", "{first}");
    ensure!(first["data"]["lot"]["external_id"] == "R-1", "{first}");

    let matched = all(&surface, &auditor, "&kinds=lot.matched,lot.ordered")?;
    ensure!(matched.len() == 2, "{matched:?}");
    let none = all(&surface, &auditor, "&requester=REQ2")?;
    ensure!(none.is_empty(), "{none:?}");
    let donor = surface.token("donor", "XX")?;
    let none = all(&surface, &donor, "&kinds=lot.,order.,contribution.,line.")?;
    ensure!(none.is_empty(), "{none:?}");
    Ok(())
}

#[test]
fn a_poll_waits_and_a_stream_goes_on_where_it_was() -> Result<()> {
    let surface = Surface::open(1)?;
    surface.until("LOT-001", "response")?;
    let operator = surface.token("operator", "")?;
    let last = eventually("the first line is in the feed", SOON, || {
        let events = all(&surface, &operator, "&kinds=line.")?;
        Ok(events.last().and_then(|event| event["position"].as_i64()))
    })?;

    // Answered as soon as there is one, long before the wait is over.
    let path = format!("/v1/events?after={last}&kinds=line.&wait=20");
    std::thread::scope(|scope| -> Result<()> {
        let poll = scope.spawn(|| surface.get(&operator, &path));
        let rows = json!([row("S-1", "REQ", 1)]);
        surface.post(&operator, "/v1/requisitions", &rows)?.is(200)?;
        let answer = poll.join().map_err(|_| anyhow::anyhow!("panicked"))??.is(200)?.json()?;
        ensure!(answer["events"][0]["data"]["line"]["external_id"] == "S-1", "{answer}");
        Ok(())
    })?;

    let rows = json!([row("S-2", "REQ", 1)]);
    surface.post(&operator, "/v1/requisitions", &rows)?.is(200)?;
    let address = surface.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(90)))?;
    write!(
        stream,
        "GET /v1/events?kinds=line. HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n\
         authorization: Bearer {operator}\r\nlast-event-id: {last}\r\n\r\n"
    )?;
    let mut lines = BufReader::new(stream).lines();
    let mut told = Vec::new();
    while told.len() < 2 {
        let line = lines.next().context("the stream ended")??;
        if let Some(data) = line.strip_prefix("data: ") {
            let event: Value = serde_json::from_str(data)?;
            told.push(event["data"]["line"]["external_id"].as_str().unwrap_or_default().to_owned());
        }
    }
    ensure!(told == ["S-1", "S-2"], "{told:?}");

    // A revoked account hears no more.
    let id = operator.split('_').nth(1).context("an id")?;
    let path = format!("/v1/tokens/{id}");
    surface
        .send(surface.request("DELETE", &path)?.bearer_auth(surface.token("admin", "")?))?
        .is(200)?;
    let rest: Vec<String> = lines.map_while(std::io::Result::ok).collect();
    ensure!(!rest.iter().any(|line| line.starts_with("data: ")), "{rest:?}");
    Ok(())
}

#[test]
fn an_audit_verifies_from_a_file_and_not_when_it_was_changed() -> Result<()> {
    use crate::support::{run, text};

    let surface = Surface::open(1)?;
    surface.until("LOT-001", "response")?;
    let data = text(&surface.secretariat.data)?;
    let exported = eventually("all is linked", SOON, || {
        let said = run(&["audit", "export", "--data", data])?.ok()?;
        let is_linked = said.out.lines().last().is_some_and(|line| line.starts_with("{\"link\""));
        Ok((is_linked && said.out.contains("lot.matched")).then_some(said.out))
    })?;
    ensure!(!exported.contains("Example Street"), "an address travels");
    ensure!(exported.contains("token.issued"), "that an account was given is not told");
    let file = surface.secretariat.folder.path().join("audit.jsonl");
    std::fs::write(&file, &exported)?;
    let verified = run(&["audit", "verify", text(&file)?, "--json"])?.json()?;
    ensure!(verified["events"].as_i64().is_some_and(|events| events > 20), "{verified}");
    ensure!(verified["unproven"] == 0, "{verified}");
    run(&["audit", "verify", "--data", data])?.ok()?;

    // A link that was kept elsewhere shows that what came before it is still there.
    let head = verified["head"].as_str().context("a head")?;
    run(&["audit", "verify", text(&file)?, "--link", head])?.ok()?;
    let first_link = exported.lines().position(|line| line.starts_with("{\"link\""));
    let first_link = first_link.context("a link")?;
    let cut: Vec<&str> = exported.lines().take(first_link + 1).collect();
    std::fs::write(&file, cut.join("\n"))?;
    run(&["audit", "verify", text(&file)?])?.ok()?;
    run(&["audit", "verify", text(&file)?, "--link", head])?.failed(2, &["cut off"])?;
    std::fs::write(&file, "")?;
    run(&["audit", "verify", text(&file)?])?.failed(2, &["nothing is proven"])?;

    let changed = exported.replacen("lot.matched", "lot.skipped", 1);
    std::fs::write(&file, changed)?;
    run(&["audit", "verify", text(&file)?])?.failed(2, &["the chain breaks"])?;
    let shorter: Vec<&str> =
        exported.lines().filter(|line| !line.contains("{\"position\":3,")).collect();
    std::fs::write(&file, shorter.join("\n"))?;
    run(&["audit", "verify", text(&file)?])?.failed(2, &["follows event"])?;
    Ok(())
}
