//! What a token may, from where, and how it is replaced; the token that metrics ask for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::surface::{Surface, row};
use super::upload::send;
use crate::support::{run, text};

/// A token with these options, by the command line at the machine.
fn given(surface: &Surface, options: &[&str]) -> Result<String> {
    let data = text(&surface.secretariat.data)?;
    let words = [&["token", "create"], options, &["--data", data]].concat();
    Ok(run(&words)?.ok()?.out.trim().to_owned())
}

fn listed(surface: &Surface, name: &str) -> Result<Value> {
    let data = text(&surface.secretariat.data)?;
    let all = run(&["token", "list", "--json", "--data", data])?.json()?;
    let found = all.as_array().and_then(|all| all.iter().find(|one| one["name"] == name));
    found.cloned().with_context(|| format!("no {name} in {all}"))
}

#[test]
fn a_token_that_may_only_read_changes_nothing() -> Result<()> {
    let surface = Surface::open(1)?;
    let create = ["requester", "--for", "REQ", "--scope", "read", "--name", "dashboard"];
    let reads = given(&surface, &create)?;
    let me = surface.get(&reads, "/v1/me")?.is(200)?.json()?;
    ensure!(me["scope"] == "read" && me["expires"].is_string(), "{me}");
    surface.get(&reads, "/v1/lots")?.is(200)?;
    let rows = json!([row("S-1", "REQ", 1)]);
    for body in [&rows, &json!({})] {
        surface.post(&reads, "/v1/requisitions", body)?.problem(
            403,
            "forbidden",
            &["only read"],
        )?;
    }
    let webhook = json!({ "url": "https://example.org/" });
    surface.post(&reads, "/v1/webhooks", &webhook)?.problem(403, "forbidden", &["only read"])?;
    let fields = [("token", reads.as_str()), ("kind", "requisitions")];
    let page = send(&surface, &fields, Some(("lines.json", &rows.to_string())))?.is(403)?;
    ensure!(page.text.contains("only read"), "{page:?}");
    ensure!(listed(&surface, "dashboard")?["scope"] == "read");
    // Any other of the same role may.
    surface.post(&surface.token("requester", "REQ")?, "/v1/requisitions", &rows)?.is(200)?;
    Ok(())
}

#[test]
fn a_token_is_used_from_its_networks_alone() -> Result<()> {
    let surface = Surface::open(1)?;
    let away = given(&surface, &["observer", "--name", "away", "--network", "192.0.2.7/24"])?;
    let here =
        given(&surface, &["observer", "--name", "here", "--network", "127.0.0.1,2001:db8::/32"])?;
    surface.get(&away, "/v1/me")?.problem(403, "forbidden", &["from 127.0.0.1"])?;
    let me = surface.get(&here, "/v1/me")?.is(200)?.json()?;
    ensure!(me["networks"] == json!(["127.0.0.1/32", "2001:db8::/32"]), "{me}");
    // Nobody may say for itself from where it comes.
    let claimed = surface.request("GET", "/v1/me")?.header("x-forwarded-for", "192.0.2.9");
    surface.send(claimed.bearer_auth(&away))?.problem(403, "forbidden", &["from 127.0.0.1"])?;
    let page = send(&surface, &[("token", away.as_str())], None)?.is(403)?;
    ensure!(page.text.contains("from 127.0.0.1"), "{page:?}");
    let shown = listed(&surface, "away")?;
    ensure!(shown["networks"] == json!(["192.0.2.0/24"]), "{shown}");
    ensure!(shown.get("last_used").is_none(), "it counts as used: {shown}");
    let wrong = ["token", "create", "observer", "--network", "everywhere"];
    run(&wrong)?.failed(1, &["`everywhere` is not a network"])?;
    Ok(())
}

#[test]
fn a_proxy_that_is_trusted_says_from_where_a_token_is_used() -> Result<()> {
    let surface = Surface::open_with(&["--trusted-proxy", "127.0.0.0/8"])?;
    let away = given(&surface, &["observer", "--network", "192.0.2.0/24"])?;
    let from = |address: &str| -> Result<_> {
        let request = surface.request("GET", "/v1/me")?.header("x-forwarded-for", address);
        surface.send(request.bearer_auth(&away))
    };
    from("192.0.2.9")?.is(200)?;
    from("203.0.113.4, 192.0.2.9")?.is(200)?;
    from("192.0.2.9, 203.0.113.4")?.problem(403, "forbidden", &["from 203.0.113.4"])?;
    Ok(())
}

#[test]
fn a_new_token_takes_the_place_of_the_old_one() -> Result<()> {
    let surface = Surface::open(1)?;
    let first = given(&surface, &["donor", "--for", "AA", "--days", "20", "--name", "portal"])?;
    let before = listed(&surface, "portal")?;
    let data = text(&surface.secretariat.data)?;
    let rotate =
        |options: &[&str]| run(&[&["token", "rotate", "portal", "--data", data], options].concat());
    let said = rotate(&["--overlap", "1h"])?.ok()?;
    ensure!(said.err.contains("is valid until"), "{said:?}");
    let second = said.out.trim().to_owned();
    let me = |token: &str| surface.get(token, "/v1/me");
    let (old, new) = (me(&first)?.is(200)?.json()?, me(&second)?.is(200)?.json()?);
    ensure!(old["actor"] == new["actor"] && new["party"] == "AA", "{old} {new}");
    let after = listed(&surface, "portal")?;
    ensure!(after["id"] == before["id"] && after["replaced_until"] == old["expires"], "{after}");
    ensure!(after["expires"].as_str() >= before["expires"].as_str(), "{before} {after}");
    ensure!(new["expires"] == after["expires"], "{new}");

    // Of three tokens two at most hold, and without an overlap one.
    let third = rotate(&["--overlap", "10m"])?.ok()?.out.trim().to_owned();
    me(&first)?.problem(401, "unauthorized", &["not valid any more"])?;
    me(&second)?.is(200)?;
    let folder = TempDir::new()?;
    let file = folder.path().join("token");
    let said = rotate(&["--output", text(&file)?])?.ok()?;
    ensure!(said.out.is_empty() && said.err.contains("is no longer valid"), "{said:?}");
    ensure!(fs::metadata(&file)?.permissions().mode() & 0o777 == 0o600);
    for gone in [&second, &third] {
        me(gone)?.problem(401, "unauthorized", &["not valid any more"])?;
    }
    let fourth = fs::read_to_string(&file)?.trim().to_owned();
    me(&fourth)?.is(200)?;

    let admin = surface.admin()?;
    let feed = surface.get(&admin, "/v1/events?limit=1000")?.is(200)?.text;
    ensure!(feed.contains("waybill.token.rotated"), "{feed}");
    ensure!(!feed.contains("\"replaced\"") && !feed.contains("\"hash\""), "{feed}");
    // A requester rotates nobody's, an admin nothing that was revoked.
    let path = format!("/v1/tokens/{}/rotate", after["id"].as_str().unwrap_or_default());
    surface.post(&fourth, &path, &json!({}))?.problem(403, "forbidden", &["role donor"])?;
    let long = json!({ "overlap_s": 40 * 24 * 3600 });
    surface.post(&admin, &path, &long)?.problem(422, "invalid", &["overlap_s"])?;
    run(&["token", "revoke", "portal", "--data", data])?.ok()?;
    me(&fourth)?.problem(401, "unauthorized", &["not valid any more"])?;
    surface.post(&admin, &path, &json!({}))?.problem(409, "conflict", &["was revoked"])?;
    Ok(())
}

#[test]
fn a_token_without_a_checksum_holds_as_before() -> Result<()> {
    let surface = Surface::open(1)?;
    let token = surface.token("observer", "")?;
    // As older programs gave it: the same id and secret, and nothing behind.
    let old = &token[..token.len() - 6];
    surface.get(old, "/v1/me")?.is(200)?;
    let folder = TempDir::new()?;
    let file = folder.path().join("token");
    fs::write(&file, old)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    run(&["status", "--server", &surface.base, "--token-file", text(&file)?])?.ok()?;
    Ok(())
}

#[test]
fn metrics_ask_for_a_token_where_one_is_named() -> Result<()> {
    let folder = TempDir::new()?;
    let file = folder.path().join("metrics-token");
    let secret = "5d1c3f0e9a7b42c88e6f";
    fs::write(&file, format!("{secret}\n"))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    let surface = Surface::open_with(&["--metrics-token-file", text(&file)?])?;
    let metrics = |token: &str| surface.get(token, "/metrics");
    let answer = metrics(secret)?.is(200)?;
    ensure!(answer.text.contains("waybill_lots"), "{answer:?}");
    for wrong in ["", "5d1c", &secret.replace('5', "6"), &format!("{secret}x")] {
        metrics(wrong)?.problem(401, "unauthorized", &["require a token"])?;
    }
    let none = surface.send(surface.request("GET", "/metrics")?)?;
    ensure!(!none.text.contains("waybill_lots"), "{none:?}");
    none.problem(401, "unauthorized", &["--metrics-token-file"])?;
    // No account opens them, and whether it runs is told without.
    metrics(&surface.admin()?)?.is(401)?;
    surface.send(surface.request("GET", "/health/live")?)?.is(200)?;

    let data = folder.path().join("other");
    let serve = ["serve", "--data", text(&data)?, "--listen", "127.0.0.1:0"];
    let named = [&serve[..], &["--metrics-token-file", text(&file)?]].concat();
    fs::write(&file, "short")?;
    run(&named)?.failed(1, &["20 characters", "openssl rand"])?;
    fs::write(&file, secret)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    run(&named)?.failed(1, &["can be read by other users", "chmod 600"])?;
    // Open, as long as nobody asks for more.
    let open = Surface::open(1)?;
    open.send(open.request("GET", "/metrics")?)?.is(200)?;
    Ok(())
}
