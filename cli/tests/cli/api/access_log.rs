//! The access log: who asked what from where.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::surface::{Surface, row};
use crate::support::{SOON, eventually, is_clean, run, text};

fn entries(path: &std::path::Path) -> Result<Vec<Value>> {
    let read = fs::read_to_string(path)?;
    read.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[test]
fn each_request_is_written_down_without_its_secrets() -> Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("access.jsonl");
    let surface = Surface::open_with(&["--access-log", text(&path)?])?;
    let token = surface.token("observer", "")?;
    let id = token.split('_').nth(1).context("a token")?;
    surface.get(&token, "/v1/money?donor=AA")?.is(200)?;
    surface.get(&token, "/v1/tokens")?.is(403)?;
    surface.post(&token, "/v1/plan", &json!({}))?.is(200)?;
    let guessed = format!("wbt_{id}_guessed");
    surface.get(&guessed, "/v1/money")?.is(401)?;
    surface.get("wbt_a-b_x", "/v1/money")?.is(401)?;
    surface.get("", "/health/live")?.is(200)?;

    let written = entries(&path)?;
    let told: Vec<Value> = written
        .iter()
        .map(|entry| {
            let actor = entry["actor"].as_str().is_some_and(|actor| actor.contains(id));
            json!([
                entry["method"],
                entry["path"],
                entry["status"],
                actor,
                entry["token"] == id,
                entry["from"]
            ])
        })
        .collect();
    let here = "127.0.0.1";
    ensure!(
        told == [
            json!(["GET", "/v1/money?donor=AA", 200, true, true, here]),
            json!(["GET", "/v1/tokens", 403, true, true, here]),
            json!(["POST", "/v1/plan", 200, true, true, here]),
            json!(["GET", "/v1/money", 401, false, true, here]),
            json!(["GET", "/v1/money", 401, false, false, here]),
        ],
        "{written:#?}"
    );
    let all = fs::read_to_string(&path)?;
    let secret = token.rsplit('_').next().context("a token")?;
    ensure!(!all.contains(secret) && !all.contains("guessed"), "{all}");
    ensure!(fs::metadata(&path)?.permissions().mode() & 0o077 == 0);

    // Whoever rotates logs moves it away; it goes on in a new one.
    let old = folder.path().join("access.1");
    fs::rename(&path, &old)?;
    surface.secretariat.service.signal("-HUP")?;
    eventually("a new access log", SOON, || Ok(path.exists().then_some(())))?;
    surface.get(&token, "/v1/me")?.is(200)?;
    ensure!(entries(&path)?.len() == 1 && entries(&old)?.len() == written.len());
    Ok(())
}

#[test]
fn an_access_log_cannot_be_changed_unseen() -> Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("access.jsonl");
    let surface = Surface::open_with(&["--access-log", text(&path)?])?;
    let requester = surface.token("requester", "REQ")?;
    for n in 0..3 {
        surface
            .post(&requester, "/v1/requisitions", &json!([row(&format!("M-{n}"), "REQ", 1)]))?
            .is(200)?;
    }
    // What changes nothing leaves no mark.
    surface
        .post(&requester, "/v1/requisitions?dry_run=true", &json!([row("M-9", "REQ", 1)]))?
        .is(200)?;
    surface.get(&requester, "/v1/lines")?.is(200)?;
    // A question of this form would be answered on a thread of its own.
    let admin = surface.token("admin", "")?;
    let account = requester.split('_').nth(1).context("an id")?;
    surface
        .write(&admin, "DELETE", &format!("/v1/tokens/{account}?limit=5000"), &Value::Null)?
        .is(200)?;
    // Whoever goes before the answer is written down as well.
    let before = entries(&path)?.len();
    let observer = surface.token("auditor", "")?;
    let hook = json!({ "url": "https://example.org/none", "after": 0 }).to_string();
    let host = surface.base.trim_start_matches("http://").to_owned();
    eventually("one is written down whose caller has gone", SOON, || {
        let mut stream = std::net::TcpStream::connect(&host)?;
        write!(
            stream,
            "POST /v1/webhooks HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {observer}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{hook}",
            hook.len()
        )?;
        // One that goes before it is looked at changes nothing, and is none.
        drop(stream);
        Ok((entries(&path)?.len() > before).then_some(()))
    })?;
    let data = text(&surface.secretariat.data)?;
    let held = |file: &std::path::Path| run(&["audit", "access", text(file)?, "--data", data]);
    let said = held(&path)?.ok()?;
    let changed = said.out.split_whitespace().nth(4).and_then(|count| count.parse::<u32>().ok());
    ensure!(changed.is_some_and(|changed| changed >= 4), "{}", said.out);

    let all = fs::read_to_string(&path)?;
    let other = folder.path().join("other.jsonl");
    for changed in [
        all.replacen("127.0.0.1", "127.0.0.2", 1),
        all.lines().skip(1).map(|line| format!("{line}\n")).collect(),
    ] {
        fs::write(&other, changed)?;
        let said = held(&other)?;
        ensure!(
            said.code == Some(2) && said.out.contains("not in the access log: what"),
            "{said:?}"
        );
        ensure!(said.err.contains("1 changes over the network do not match"), "{said:?}");
    }
    is_clean(&surface.secretariat.data)?;
    Ok(())
}

#[test]
fn one_that_cannot_be_written_is_told_at_the_start() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let log = folder.path().join("none/access.jsonl");
    let serve = ["serve", "--data", text(&data)?, "--listen", "127.0.0.1:0"];
    let said = run(&[&serve[..], &["--access-log", text(&log)?]].concat())?;
    said.failed(1, &["cannot write", "name a file in a folder"])?;
    Ok(())
}
