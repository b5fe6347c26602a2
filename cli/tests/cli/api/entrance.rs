//! The way in from the network: how often, how slowly, and over TLS.

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::surface::Surface;
use crate::support::{SOON, eventually, finish, run, text, waybill};

#[test]
fn whoever_asks_too_often_is_told_to_wait() -> Result<()> {
    let surface = Surface::open_with(&["--rate", "5"])?;
    let observer = surface.token("observer", "")?;
    let answers: Vec<_> =
        (0..30).map(|_| surface.get(&observer, "/v1/me")).collect::<Result<_>>()?;
    let refused = answers.into_iter().find(|answer| answer.status == 429).context("no limit")?;
    ensure!(refused.headers["ratelimit-policy"] == "\"account\";q=5;w=1", "{refused:?}");
    ensure!(refused.headers.contains_key("retry-after"), "{refused:?}");
    refused.problem(429, "too_many_requests", &["sends more requests"])?;
    // Others are not kept waiting by it.
    let auditor = surface.token("auditor", "")?;
    surface.get(&auditor, "/v1/me")?.is(200)?;

    // Nor is anybody by whoever guesses tokens.
    let guessed: Vec<_> =
        (0..60).map(|n| surface.get(&format!("wbt_{n}_x"), "/v1/me")).collect::<Result<_>>()?;
    ensure!(guessed.iter().any(|answer| answer.status == 429), "no limit");
    ensure!(guessed.iter().all(|answer| [401, 429].contains(&answer.status)));
    surface.get(&auditor, "/v1/me")?.is(200)?;
    Ok(())
}

#[test]
fn a_head_that_never_ends_is_hung_up_on() -> Result<()> {
    let surface = Surface::open(1)?;
    let mut stream = TcpStream::connect(surface.base.trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(stream, "GET /v1/me HTTP/1.1\r\nhost: here\r\nx-slow: ")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    ensure!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    Ok(())
}

/// Makes a certificate for this machine that holds for so many days, and its key.
fn certify(certificate: &Path, key: &Path, days: &str) -> Result<()> {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", days, "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(key)
        .arg("-out")
        .arg(certificate)
        .output()?;
    ensure!(made.status.success(), "{made:?}");
    Ok(())
}

#[test]
fn it_is_served_over_tls_and_never_open_to_others_without_accounts() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    certify(&certificate, &key, "30")?;
    let files = ["--tls-cert", text(&certificate)?, "--tls-key", text(&key)?];
    let surface = Surface::open_with(&files)?;
    let root = reqwest::Certificate::from_pem(&std::fs::read(&certificate)?)?;
    let client = reqwest::Client::builder().tls_certs_only([root]).build()?;
    let url = format!("{}/v1/me", surface.base.replace("http://", "https://"));
    let answer = surface.send(client.get(&url).bearer_auth(surface.admin()?))?.is(200)?;
    ensure!(answer.json()?["role"] == "admin", "{answer:?}");
    ensure!(surface.get("nobody", "/v1/me").is_err(), "plain text is answered");

    // A new one is taken without a restart; SIGHUP ends nothing.
    certify(&certificate, &key, "31")?;
    surface.secretariat.service.signal("-HUP")?;
    let root = reqwest::Certificate::from_pem(&std::fs::read(&certificate)?)?;
    let again = || -> Result<Option<()>> {
        let client = reqwest::Client::builder().tls_certs_only([root.clone()]).build()?;
        let answer = surface.send(client.get(&url).bearer_auth(surface.admin()?));
        Ok(answer.is_ok().then_some(()))
    };
    eventually("the new certificate is used", SOON, again)?;

    let data = folder.path().join("data");
    let open = ["serve", "--data", text(&data)?, "--no-accounts", "--listen", "0.0.0.0:0"];
    run(&open)?.failed(1, &["everybody is an operator", "--no-accounts"])?;
    let wrong: Vec<&str> = ["serve", "--data", text(&data)?, "--listen", "127.0.0.1:0"]
        .into_iter()
        .chain(files)
        .collect();
    // Forty days from now it has ended.
    let offset = folder.path().join("offset");
    std::fs::write(&offset, "3456000")?;
    let later = folder.path().join("later");
    let mut expired = wrong.clone();
    expired[2] = text(&later)?;
    let mut expired = waybill(&expired);
    expired.env("WAYBILL_CLOCK_OFFSET_FILE", &offset);
    finish(expired)?.failed(1, &["cannot be used for TLS", "it has expired on"])?;
    std::fs::write(&key, "no key")?;
    run(&wrong)?.failed(1, &["cannot be used for TLS"])?;
    Ok(())
}

#[test]
fn answers_are_small_for_whoever_wants_them_so_and_named_for_everybody() -> Result<()> {
    let surface = Surface::open(1)?;
    let operator = surface.token("operator", "")?;
    let asked = surface.request("GET", "/v1/events?limit=1000")?.bearer_auth(&operator);
    let answer = surface.send(asked.header("accept-encoding", "br"))?.is(200)?;
    ensure!(answer.headers["content-encoding"] == "br", "{answer:?}");
    let asked = surface.request("GET", "/v1/me")?.bearer_auth(&operator);
    let answer = surface.send(asked.header("x-request-id", "of-mine-1"))?.is(200)?;
    ensure!(answer.headers["x-request-id"] == "of-mine-1", "{answer:?}");
    ensure!(!answer.headers.contains_key("access-control-allow-origin"), "{answer:?}");
    // Who changed what is in the log, by the name of the account.
    let body = json!({ "what_if": [] });
    surface.post(&operator, "/v1/plan", &body)?.is(200)?;
    let log = surface.secretariat.service.log()?;
    let line =
        log.lines().find(|line| line.contains("\"path\":\"/v1/plan\"")).context("no line")?;
    ensure!(line.contains("(operator, ") && line.contains("\"origin\":\"127.0.0.1\""), "{line}");
    Ok(())
}
