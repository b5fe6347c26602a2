//! What belongs to whom: webhooks to their account, files to their owner, what was handed in to whoever did.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::receiver::{Receiver, Temper};
use super::surface::{Surface, row};
use crate::coalition;
use crate::every_pair::feed::all;
use crate::secretariat::Service;
use crate::support::{SOON, eventually, run, text};

#[test]
fn a_webhook_of_nobodys_account_ends_with_it() -> Result<()> {
    let surface = Surface::open(1)?;
    let receiver = Receiver::start(Temper::Ready)?;
    let auditor = surface.token("auditor", "")?;
    let made =
        surface.post(&auditor, "/v1/webhooks", &json!({ "url": receiver.url(), "after": 0 }))?;
    let made = made.is(201)?.json()?;
    let id = made["webhook"]["id"].as_str().context("an id")?;
    eventually("the first events have arrived", SOON, || {
        Ok((!receiver.arrived().is_empty()).then_some(()))
    })?;
    let account = auditor.split('_').nth(1).context("an id")?;
    let admin = surface.token("admin", "")?;
    surface.write(&admin, "DELETE", &format!("/v1/tokens/{account}"), &Value::Null)?.is(200)?;
    surface.post(&admin, "/v1/requisitions", &json!([row("A-1", "REQ", 1)]))?.is(200)?;
    let seen = eventually("it is off", SOON, || {
        let seen = surface.get(&admin, &format!("/v1/webhooks/{id}"))?.is(200)?.json()?;
        Ok((!seen["disabled"].is_null()).then_some(seen))
    })?;
    ensure!(seen.to_string().contains("its account was revoked or has expired"), "{seen}");
    let is_new = |event: &Value| event["data"]["line"]["external_id"] == "A-1";
    ensure!(!receiver.taken()?.iter().any(is_new), "whoever has no account any more is told");
    Ok(())
}

#[test]
fn what_was_handed_in_is_told_by_whom() -> Result<()> {
    let surface = Surface::open(1)?;
    let operator = surface.token("operator", "")?;
    let (file, kept) = (
        surface.secretariat.folder.path().join("more.csv"),
        surface.secretariat.folder.path().join("token"),
    );
    coalition::requisitions(&file, &[coalition::row("I-1", 1)])?;
    fs::write(&kept, &operator)?;
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o600))?;
    run(&["import", text(&file)?, "--server", &surface.base, "--token-file", text(&kept)?])?
        .ok()?;
    let events = all(&surface, &operator, "")?;
    let line = events.iter().find(|event| event["data"]["line"]["external_id"] == "I-1");
    let actor = line.context("a line")?["data"]["actor"].as_str().context("an actor")?.to_owned();
    let account = operator.split('_').nth(1).context("an id")?;
    ensure!(actor.starts_with("import, by ") && actor.contains(account), "{actor}");
    Ok(())
}

#[test]
fn files_are_their_owners_alone_whatever_was_there() -> Result<()> {
    let folder = TempDir::new()?;
    let dir = coalition::write(folder.path(), &[coalition::row("R-1", 1)])?;
    let data = folder.path().join("data");
    fs::create_dir(&data)?;
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755))?;
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    let database = data.join("waybill.sqlite");
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644))?;
    let service =
        Service::start_with(&data, Some(&dir.join("pipeline.toml")), &["--listen", "127.0.0.1:0"])?;
    eventually("an order is sent", SOON, || {
        let sent = fs::read_dir(data.join("outbox")).map(|found| found.count()).unwrap_or(0);
        Ok((sent > 0).then_some(()))
    })?;
    let mut open = Vec::new();
    let mut folders = vec![data.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() {
                folders.push(entry.path());
            } else if about.permissions().mode() & 0o077 != 0 {
                open.push(entry.path());
            }
        }
    }
    ensure!(open.is_empty(), "others can read {open:?}");
    service.stop()?;
    Ok(())
}
