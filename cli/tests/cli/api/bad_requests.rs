//! Requests that are wrong: each gets a clear answer, and changes nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Result, ensure};
use serde_json::json;

use super::surface::{Surface, row};
use crate::support::is_clean;

#[test]
fn whatever_is_wrong_gets_a_clear_answer_and_changes_nothing() -> Result<()> {
    let surface = Surface::open(1)?;
    surface.until("LOT-001", "response")?;
    let operator = surface.token("operator", "")?;
    let admin = surface.admin()?;
    let supplier = surface.token("supplier", "SUP")?;
    let events = is_clean(&surface.secretariat.data)?;

    let send = |token: &str, path: &str, kind: &str, body: String| {
        let request = surface.request("POST", path)?.bearer_auth(token);
        surface.send(request.header("content-type", kind).body(body))
    };
    let json_body = "application/json";
    // Malformed, nested, of the wrong type, unknown fields, missing fields.
    let broken = send(&supplier, "/v1/documents", json_body, "{\"number\": ".to_owned())?;
    broken.problem(400, "malformed", &["EOF"])?;
    let deep = "[".repeat(100_000);
    send(&supplier, "/v1/documents", json_body, deep.clone())?.problem(
        422,
        "invalid",
        &["list"],
    )?;
    let nested = format!("{{\"number\":\"1\",\"type\":{}", "{\"a\":".repeat(50_000));
    send(&supplier, "/v1/documents", json_body, nested)?.problem(
        400,
        "malformed",
        &["recursion"],
    )?;
    let answer = send(&operator, "/v1/requisitions", json_body, deep)?;
    answer.problem(422, "refused", &["body"])?;
    let number = json!({"number": 7, "type": "consent", "lot": "LOT-001", "envelope": "AA-1", "agreed": true});
    surface.post(&supplier, "/v1/documents", &number)?.problem(422, "invalid", &["number"])?;
    let date = json!({"what_if": [], "from": "yesterday"});
    surface.post(&operator, "/v1/plan", &date)?.problem(422, "invalid", &["`from`"])?;
    let more = json!({"name": "x", "role": "observer", "colour": "red"});
    surface.post(&admin, "/v1/tokens", &more)?.problem(422, "invalid", &["colour"])?;
    let less = json!({"name": "x"});
    surface.post(&admin, "/v1/tokens", &less)?.problem(422, "invalid", &["role"])?;
    let nobody = json!({"name": "x", "role": "donor"});
    surface.post(&admin, "/v1/tokens", &nobody)?.problem(422, "invalid", &["party"])?;
    let unknown = json!({"name": "x", "role": "donor", "party": "ZZ"});
    surface.post(&admin, "/v1/tokens", &unknown)?.problem(422, "invalid", &["ZZ"])?;
    let answer = send(&operator, "/v1/plan", "text/plain", "{}".to_owned())?;
    answer.problem(415, "unsupported_media", &["text/plain"])?;
    let answer = send(&operator, "/v1/requisitions", "image/png", "x".to_owned())?;
    answer.problem(415, "unsupported_media", &["image/png"])?;

    // A wrong row refuses all rows, and says which field.
    let mut bad = row("B-2", "REQ", 1);
    bad["quantity"] = json!("minus one");
    let rows = json!([row("B-1", "REQ", 1), bad]);
    let refused = surface.post(&operator, "/v1/requisitions", &rows)?;
    let problem = refused.problem(422, "refused", &["nothing was taken"])?;
    ensure!(problem["errors"][0]["row"] == 2, "{problem}");
    ensure!(problem["errors"][0]["field"] == "quantity", "{problem}");
    ensure!(problem["errors"][0]["value"] == "minus one", "{problem}");

    // Unknown things, cursors, limits, queries, methods, routes.
    for (path, status, kind) in [
        ("/v1/lots/LOT-7K2", 404, "not_found"),
        ("/v1/lots/nothing", 404, "not_found"),
        ("/v1/orders/PO-0", 404, "not_found"),
        ("/v1/lines/%FF", 400, "malformed"),
        ("/v1/lots?cursor=bm90aGluZw", 422, "invalid"),
        ("/v1/lots?cursor=%00", 422, "invalid"),
        ("/v1/lots?limit=0", 422, "invalid"),
        ("/v1/lots?limit=many", 422, "invalid"),
        ("/v1/lots?sort=up", 422, "invalid"),
        ("/v1/events?after=-1", 422, "invalid"),
        ("/v1/events?wait=3600", 422, "invalid"),
        ("/v1/nowhere", 404, "not_found"),
    ] {
        surface.get(&operator, path)?.problem(status, kind, &[])?;
    }
    let answer = surface.write(&operator, "PATCH", "/v1/lots", &json!({}))?;
    answer.problem(405, "method_not_allowed", &["PATCH"])?;

    // 100 MB are not read.
    for (path, token) in [("/v1/documents", &supplier), ("/v1/requisitions", &operator)] {
        let large = "x".repeat(100 * 1024 * 1024);
        let request = surface.request("POST", path)?.bearer_auth(token);
        let sent = surface.send(request.header("content-type", json_body).body(large));
        match sent {
            Ok(answer) => drop(answer.problem(413, "too_large", &[])?),
            // The service may hang up before all of it was sent.
            Err(error) => ensure!(format!("{error:#}").contains("error sending"), "{error:#}"),
        }
    }
    ensure!(is_clean(&surface.secretariat.data)? == events, "something was changed");
    Ok(())
}

#[test]
fn a_document_is_taken_once_and_only_from_whoever_may_say_it() -> Result<()> {
    let surface = Surface::open(1)?;
    let lot = surface.until("LOT-001", "response")?;
    let order = lot["order"].as_str().unwrap_or_default().to_owned();
    let supplier = surface.token("supplier", "SUP")?;
    let response = json!({"number": "OR-1", "type": "order_response", "order": order, "lines": []});
    for (role, party, parts) in [("donor", "AA", "role donor"), ("auditor", "", "role auditor")] {
        let token = surface.token(role, party)?;
        surface.post(&token, "/v1/documents", &response)?.problem(403, "forbidden", &[parts])?;
    }
    // To another supplier the order is not even there, nor is a lot to a donor that does not pay.
    let stranger = surface.token("supplier", "REQ")?;
    surface.post(&stranger, "/v1/documents", &response)?.problem(404, "not_found", &[&order])?;
    let donor = surface.token("donor", "XX")?;
    let refuses = json!({"number": "C-9", "type": "consent", "lot": "LOT-001", "envelope": "AA-1",
                         "agreed": false});
    surface.post(&donor, "/v1/documents", &refuses)?.problem(404, "not_found", &["LOT-001"])?;
    let mut forged = response.clone();
    forged["sender"] = json!("BUY");
    surface.post(&supplier, "/v1/documents", &forged)?.problem(403, "forbidden", &["SUP"])?;
    let answer = surface.post(&supplier, "/v1/documents", &response)?.is(200)?.json()?;
    ensure!(answer["outcome"] == "taken", "{answer}");
    let events = is_clean(&surface.secretariat.data)?;
    let answer = surface.post(&supplier, "/v1/documents", &response)?.is(200)?.json()?;
    ensure!(answer["outcome"] == "taken_before", "{answer}");
    let mut other = response.clone();
    other["lines"] = json!([{"lot": "LOT-001", "answer": "refused", "text": "no"}]);
    surface.post(&supplier, "/v1/documents", &other)?.problem(409, "conflict", &["OR-1"])?;
    let mut late = other.clone();
    late["number"] = json!("OR-2");
    surface.post(&supplier, "/v1/documents", &late)?.problem(
        422,
        "refused",
        &["is not waiting"],
    )?;
    ensure!(is_clean(&surface.secretariat.data)? == events, "something was changed");

    // What others decide, the secretariat does not decide for them.
    let operator = surface.token("operator", "")?;
    let consent = json!({"sender": "AA", "number": "C-1", "type": "consent", "lot": "LOT-001",
                         "envelope": "AA-1", "agreed": true});
    surface.post(&operator, "/v1/documents", &consent)?.problem(403, "forbidden", &["operator"])?;
    Ok(())
}

#[test]
fn a_request_that_never_arrives_keeps_nobody_waiting() -> Result<()> {
    let surface = Surface::open(1)?;
    let operator = surface.token("operator", "")?;
    let address = surface.base.trim_start_matches("http://");
    let mut slow: Vec<TcpStream> = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "POST /v1/documents HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {operator}\r\n\
             content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{"
        )?;
        slow.push(stream);
    }
    surface.get(&operator, "/v1/lots")?.is(200)?;
    let mut first = slow.swap_remove(0);
    first.set_read_timeout(Some(std::time::Duration::from_secs(60)))?;
    let mut answer = [0; 12];
    first.read_exact(&mut answer)?;
    ensure!(&answer == b"HTTP/1.1 408", "{}", String::from_utf8_lossy(&answer));
    Ok(())
}
