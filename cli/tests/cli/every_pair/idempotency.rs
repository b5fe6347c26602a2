//! Writes that are sent again.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::api::surface::{Surface, row};

#[test]
fn the_same_key_gets_the_same_answer_and_another_request_under_it_is_refused() -> Result<()> {
    let surface = Surface::open(1)?;
    let operator = surface.token("operator", "")?;
    let send = |key: &str, rows: &serde_json::Value| {
        let request = surface.request("POST", "/v1/requisitions")?.bearer_auth(&operator);
        let request = request.header("content-type", "application/json");
        surface.send(request.header("idempotency-key", key).body(rows.to_string()))
    };
    let rows = json!([row("K-1", "REQ", 2)]);
    let first = send("one", &rows)?.is(200)?;
    ensure!(first.json()?["new"] == 1, "{first:?}");
    ensure!(!first.headers.contains_key("idempotent-replayed"), "{first:?}");
    // Without the key the rows are known by now; under it, the answer is the one that was given.
    let again = send("one", &rows)?.is(200)?;
    ensure!(again.text == first.text, "{again:?}");
    ensure!(again.headers.get("idempotent-replayed").is_some_and(|value| value == "true"));
    ensure!(send("two", &rows)?.is(200)?.json()?["unchanged"] == 1);

    let other = json!([row("K-2", "REQ", 2)]);
    send("one", &other)?.problem(409, "conflict", &["a different request"])?;
    send("", &other)?.problem(422, "invalid", &["Idempotency-Key"])?;
    let unknown = surface.get(&operator, "/v1/lines/K-2")?;
    unknown.problem(404, "not_found", &["K-2"])?;

    // A key is its caller's own.
    let requester = surface.token("requester", "REQ")?;
    let request = surface.request("POST", "/v1/requisitions")?.bearer_auth(&requester);
    let request = request.header("content-type", "application/json");
    let answer = surface.send(request.header("idempotency-key", "one").body(other.to_string()))?;
    ensure!(answer.is(200)?.json()?["new"] == 1);
    Ok(())
}

#[test]
fn what_has_changed_since_it_was_read_is_not_overwritten() -> Result<()> {
    let surface = Surface::open(1)?;
    let operator = surface.token("operator", "")?;
    let read = surface.get(&operator, "/v1/contributions/AA-1")?.is(200)?;
    let tag = read.headers.get("etag").cloned().unwrap_or_default();
    ensure!(tag.starts_with('"'), "{read:?}");
    let mut stated = read.json()?;
    for told in ["envelope", "version"] {
        stated.as_object_mut().map(|fields| fields.remove(told));
    }
    stated["amount"]["minor"] = json!(12_000_000);
    let put = |tag: &str, stated: &serde_json::Value| {
        let request = surface.request("PUT", "/v1/contributions/AA-1")?.bearer_auth(&operator);
        let request = request.header("content-type", "application/json");
        surface.send(request.header("if-match", tag).body(stated.to_string()))
    };
    let changed = put(&tag, &stated)?.is(200)?;
    ensure!(changed.json()?["envelope"]["committed"]["minor"] == 12_000_000, "{changed:?}");
    stated["amount"]["minor"] = json!(1);
    put(&tag, &stated)?.problem(412, "precondition_failed", &["version"])?;
    let now = surface.get(&operator, "/v1/contributions/AA-1")?.is(200)?.json()?;
    ensure!(now["amount"]["minor"] == 12_000_000, "{now}");
    Ok(())
}

#[test]
fn a_secret_is_not_kept_with_its_answer() -> Result<()> {
    let surface = Surface::open(1)?;
    let admin = surface.admin()?;
    let send = || {
        let request = surface.request("POST", "/v1/tokens")?.bearer_auth(&admin);
        let request = request.header("content-type", "application/json");
        let body = json!({ "name": "one", "role": "observer" }).to_string();
        surface.send(request.header("idempotency-key", "token").body(body))
    };
    let issued = send()?.is(201)?.json()?;
    ensure!(issued["token"].as_str().is_some_and(|token| token.starts_with("wbt_")), "{issued}");
    let again = send()?.problem(409, "conflict", &["shown only once"])?;
    ensure!(!again.to_string().contains("wbt_"), "{again}");
    let listed = surface.get(&admin, "/v1/tokens")?.is(200)?.json()?;
    let named = listed.as_array().into_iter().flatten().filter(|view| view["name"] == "one");
    ensure!(named.count() == 1, "{listed}");

    // What was refused may be asked again under its key.
    let refused = |amount: &str| {
        let request = surface.request("POST", "/v1/requisitions")?.bearer_auth(&admin);
        let request = request.header("content-type", "application/json");
        let mut row = row("K-9", "REQ", 2);
        row["quantity"] = json!(amount);
        surface.send(request.header("idempotency-key", "mended").body(json!([row]).to_string()))
    };
    refused("none")?.problem(422, "refused", &["quantity"])?;
    ensure!(refused("2")?.is(200)?.json()?["new"] == 1);
    Ok(())
}
