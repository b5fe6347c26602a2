//! Webhooks: whoever asked is told everything, in order, whatever happens in between.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::api::receiver::{Receiver, Temper};
use crate::api::surface::{Surface, row};
use crate::every_pair::feed::all;
use crate::pair::Pair;
use crate::pair::pair;
use crate::support::{SOON, eventually, is_clean};

/// How long all deliveries may take to arrive after everything was restored.
const END: Duration = Duration::from_secs(120);

/// Kills while deliveries are under way. Where a store is shared, the lease of a killed process runs
/// out each time.
fn kills() -> u32 {
    match pair() {
        Pair::SqliteEmbedded => 4,
        Pair::PostgresEmbedded | Pair::PostgresRabbitMq => 2,
    }
}

/// Makes a webhook; gives its id and its secret.
fn make(surface: &Surface, token: &str, more: &Value) -> Result<(String, String)> {
    let mut new = json!({ "after": 0 });
    for (name, value) in more.as_object().into_iter().flatten() {
        new[name] = value.clone();
    }
    let made = surface.post(token, "/v1/webhooks", &new)?.is(201)?.json()?;
    let id = made["webhook"]["id"].as_str().context("an id")?.to_owned();
    Ok((id, made["secret"].as_str().context("a secret")?.to_owned()))
}

fn webhook(surface: &Surface, token: &str, id: &str) -> Result<Value> {
    surface.get(token, &format!("/v1/webhooks/{id}"))?.is(200)?.json()
}

/// Waits until nothing waits for the webhook.
fn until_told(surface: &Surface, token: &str, id: &str) -> Result<Value> {
    eventually("everything has arrived", END, || {
        let view = webhook(surface, token, id)?;
        Ok((view["behind"] == 0 && view["waiting"] == 0).then_some(view))
    })
}

/// What arrived must be `events`, each at least once, and in order for each subject.
fn is_whole(receiver: &Receiver, events: &[Value]) -> Result<()> {
    let taken = receiver.taken()?;
    let ids = |events: &[Value]| {
        let mut ids: Vec<i64> = events.iter().filter_map(|e| e["position"].as_i64()).collect();
        ids.sort_unstable();
        ids
    };
    ensure!(ids(&taken) == ids(events), "{} of {} arrived", taken.len(), events.len());
    let mut last: HashMap<String, i64> = HashMap::new();
    for event in &taken {
        let position = event["position"].as_i64().context("a position")?;
        let before = last.insert(event["subject"].to_string(), position).unwrap_or(0);
        ensure!(position > before, "{} at {position} came after {before}", event["subject"]);
    }
    Ok(())
}

#[test]
fn an_event_arrives_signed_and_its_failures_are_told() -> Result<()> {
    let surface = Surface::open(2)?;
    let receiver = Receiver::start(Temper::Ready)?;
    let donor = surface.token("donor", "AA")?;
    let filter = json!({ "kinds": ["lot.matched", "lot.ordered"] });
    let (id, secret) = make(&surface, &donor, &json!({ "url": receiver.url(), "filter": filter }))?;
    eventually("both have arrived", SOON, || Ok((receiver.arrived().len() == 2).then_some(())))?;
    let view = until_told(&surface, &donor, &id)?;
    ensure!(view["failed"] == 0 && view.get("secret").is_none(), "{view}");
    for arrived in receiver.arrived() {
        arrived.is_signed(&secret)?;
        ensure!(arrived.headers["content-type"] == "application/cloudevents+json", "{arrived:?}");
        ensure!(arrived.event()?["data"]["lot"]["id"] == "LOT-001", "{arrived:?}");
    }

    let ping = surface.post(&donor, &format!("/v1/webhooks/{id}/ping"), &json!({}))?;
    let ping = ping.is(200)?.json()?;
    ensure!(ping["arrived"] == true && ping["status"] == 204, "{ping}");
    let last = receiver.arrived().pop().context("a ping")?;
    ensure!(last.event()?["type"] == "waybill.ping", "{last:?}");

    // For a day both secrets sign.
    let rotated = surface.post(&donor, &format!("/v1/webhooks/{id}/rotate"), &json!({}))?;
    let new = rotated.is(200)?.json()?["secret"].as_str().context("a secret")?.to_owned();
    ensure!(new != secret);
    surface.post(&donor, &format!("/v1/webhooks/{id}/ping"), &json!({}))?.is(200)?;
    let last = receiver.arrived().pop().context("a ping")?;
    last.is_signed(&secret)?;
    last.is_signed(&new)?;

    // What fails is tried again, then given up, and holds nothing behind it back for good.
    receiver.becomes(Temper::Broken);
    let operator = surface.token("operator", "")?;
    surface.post(&operator, "/v1/requisitions", &json!([row("F-1", "REQ", 1)]))?.is(200)?;
    let failed = eventually("it is given up", END, || {
        let view = webhook(&surface, &donor, &id)?;
        Ok((view["failed"] == 2 && view["waiting"] == 0).then_some(view))
    })?;
    ensure!(failed["failing_since"].is_string(), "{failed}");
    let pending = surface.get(&donor, &format!("/v1/webhooks/{id}/pending"))?.is(200)?.json()?;
    ensure!(pending["items"][0]["failed"] == true, "{pending}");
    ensure!(pending["items"][0]["attempts"] == 5, "{pending}");
    let attempts = surface.get(&donor, &format!("/v1/webhooks/{id}/attempts?limit=5"))?;
    let attempts = attempts.is(200)?.json()?;
    ensure!(attempts["items"][0]["status"] == 500, "{attempts}");
    ensure!(attempts["next"].is_string(), "{attempts}");

    receiver.becomes(Temper::Ready);
    let again =
        surface.post(&donor, &format!("/v1/webhooks/{id}/replay"), &json!({"failed": true}))?;
    ensure!(again.is(200)?.json()?["events"] == 2);
    // What a view says of the webhook and of its deliveries is read one after the other.
    eventually("nothing fails any more", SOON, || {
        let view = until_told(&surface, &donor, &id)?;
        Ok((view["failed"] == 0 && view.get("failing_since").is_none()).then_some(()))
    })?;
    let events = all(&surface, &donor, "&kinds=lot.matched,lot.ordered")?;
    ensure!(events.len() == 4, "{events:?}");

    let before = receiver.arrived().len();
    let position = events[0]["position"].clone();
    let again =
        surface.post(&donor, &format!("/v1/webhooks/{id}/replay"), &json!({"from": position}))?;
    ensure!(again.is(200)?.json()?["events"] == 1);
    eventually("it arrives again", SOON, || {
        Ok((receiver.arrived().len() == before + 1).then_some(()))
    })?;
    let last = receiver.arrived().pop().context("an event")?.event()?;
    ensure!(last["position"] == position && last["id"] == events[0]["id"], "{last}");

    // Whoever wants nothing any more is told nothing any more.
    receiver.becomes(Temper::Gone);
    surface.post(&operator, "/v1/requisitions", &json!([row("F-2", "REQ", 3)]))?.is(200)?;
    let view = eventually("it is disabled", SOON, || {
        let view = webhook(&surface, &donor, &id)?;
        Ok(view["disabled"].is_object().then_some(view))
    })?;
    ensure!(view["disabled"]["why"].to_string().contains("410"), "{view}");
    receiver.becomes(Temper::Ready);
    let path = format!("/v1/webhooks/{id}");
    surface.write(&donor, "PATCH", &path, &json!({ "enabled": true }))?.is(200)?;
    until_told(&surface, &donor, &id)?;
    is_whole(&receiver, &all(&surface, &donor, "&kinds=lot.matched,lot.ordered")?)?;

    surface.send(surface.request("DELETE", &path)?.bearer_auth(&donor))?.is(204)?;
    surface.get(&donor, &path)?.problem(404, "not_found", &[])?;
    is_clean(&surface.secretariat.data)?;
    Ok(())
}

#[test]
fn a_webhook_is_its_partys_own_and_reaches_nothing_inside() -> Result<()> {
    let surface = Surface::open(1)?;
    let donor = surface.token("donor", "AA")?;
    for (url, part) in [
        ("http://127.0.0.1:9/", "not a public address"),
        ("https://127.0.0.1/", "not a public address"),
        ("https://169.254.169.254/latest/meta-data", "not a public address"),
        ("https://[::1]/", "not a public address"),
        ("https://localhost/", "not a public address"),
        ("https://0x7f000001/", "not a public address"),
        ("ftp://127.0.0.2/", "does not use https"),
        ("nonsense", "is not a URL"),
        ("https://me:secret@127.0.0.2/", "name or password"),
        ("https://no-such-host.invalid/", "cannot be resolved"),
    ] {
        let answer = surface.post(&donor, "/v1/webhooks", &json!({ "url": url }))?;
        answer.problem(422, "invalid", &[part])?;
    }
    let listed = surface.get(&donor, "/v1/webhooks")?.is(200)?.json()?;
    ensure!(listed == json!([]), "{listed}");

    let receiver = Receiver::start(Temper::Ready)?;
    let (id, _) = make(&surface, &donor, &json!({ "url": receiver.url() }))?;
    eventually("the order is in the feed", SOON, || {
        let ordered = all(&surface, &donor, "&kinds=lot.ordered")?;
        Ok((!ordered.is_empty()).then_some(()))
    })?;
    until_told(&surface, &donor, &id)?;
    let kinds: Vec<String> =
        receiver.taken()?.iter().map(|event| event["type"].to_string()).collect();
    ensure!(kinds.iter().any(|kind| kind.contains("lot.matched")), "{kinds:?}");
    ensure!(!kinds.iter().any(|kind| kind.contains("token.")), "{kinds:?}");
    is_whole(&receiver, &all(&surface, &donor, "")?)?;

    let path = format!("/v1/webhooks/{id}");
    let stranger = surface.token("donor", "XX")?;
    surface.get(&stranger, &path)?.problem(404, "not_found", &[])?;
    surface.write(&stranger, "PATCH", &path, &json!({}))?.problem(404, "not_found", &[])?;
    for rest in ["ping", "rotate", "replay"] {
        let path = format!("{path}/{rest}");
        let body = json!({ "failed": true });
        surface.post(&stranger, &path, &body)?.problem(404, "not_found", &[])?;
    }
    for role in ["donor XX", "requester REQ", "observer "] {
        let (role, party) = role.split_once(' ').unwrap_or_default();
        let token = surface.token(role, party)?;
        let listed = surface.get(&token, "/v1/webhooks")?.is(200)?.json()?;
        ensure!(listed == json!([]), "{role}: {listed}");
    }
    let text = surface.get(&donor, &path)?.is(200)?.text;
    ensure!(!text.contains("whsec_"), "{text}");
    Ok(())
}

/// Four endpoints: one ready, one slow, one down for a while, one that fails at random; the service
/// killed again and again while lots are under way.
#[test]
fn whatever_is_killed_every_event_arrives_in_order() -> Result<()> {
    let mut surface = Surface::open_patient()?;
    let auditor = surface.token("operator", "")?;
    let mut receivers = [
        Receiver::start(Temper::Ready)?,
        Receiver::start(Temper::Slow(Duration::from_millis(30)))?,
        Receiver::start(Temper::Ready)?,
        Receiver::start(Temper::Moody(7))?,
    ];
    let mut ids = Vec::new();
    for receiver in &receivers {
        let filter = json!({ "kinds": ["lot.", "line.", "order."] });
        let new = json!({ "url": receiver.url(), "filter": filter, "concurrency": 8 });
        ids.push(make(&surface, &auditor, &new)?.0);
    }
    for kill in 0..kills() {
        let rows: Vec<Value> =
            (0..40).map(|n| row(&format!("K-{kill}/{n}"), "REQ", 1 + n)).collect();
        surface.post(&auditor, "/v1/requisitions", &json!(rows))?.is(200)?;
        match kill {
            0 => receivers[2].go_down(),
            _ if kill + 1 == kills() => receivers[2].go_up()?,
            _ => {}
        }
        let before = receivers[0].arrived().len();
        eventually("deliveries are under way", SOON, || {
            Ok((receivers[0].arrived().len() > before + 10).then_some(()))
        })?;
        surface.kill_and_start()?;
    }
    for id in &ids {
        let view = until_told(&surface, &auditor, id)?;
        ensure!(view["failed"] == 0, "{view}");
    }
    // Events go on as long as orders are drawn up: what is asked for last is what has arrived.
    let last = eventually("nothing happens any more", END, || {
        let events = all(&surface, &auditor, "&kinds=lot.,line.,order.")?;
        for id in &ids {
            until_told(&surface, &auditor, id)?;
        }
        let again = all(&surface, &auditor, "&kinds=lot.,line.,order.")?;
        Ok((again.len() == events.len()).then_some(again))
    })?;
    ensure!(last.len() > 100 * kills() as usize, "{}", last.len());
    for receiver in &receivers {
        is_whole(receiver, &last)?;
    }
    is_clean(&surface.secretariat.data)?;
    Ok(())
}
