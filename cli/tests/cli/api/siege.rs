//! A siege: attackers send one thing after the other that harmed a service once, while lots travel and others work, and
//! the service needs no more memory than the composed one has.
//!
//! `WAYBILL_SIEGE` is how many seconds it lasts; without, each attack is made once or twice. `WAYBILL_SIEGE_CGROUP` is the
//! folder of a control group that the service is put into.
#![allow(clippy::print_stderr)]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::attacks::{ROOM, bodies, most_memory};
use super::surface::Client;
use crate::every_pair::crash::{OPEN, number, requisitions, write_coalition};
use crate::support::{SOON, Started, eventually, is_clean, run, text, waybill};

/// Connections that attack.
const ATTACKERS: usize = 20;

/// Where the others are, who are not where the attackers are.
const OTHERS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Lots that travel.
const LOTS: usize = 2_000;

/// Heavy or wrong questions, with the body of those that have one.
const QUESTIONS: [(&str, &str, &str); 14] = [
    ("POST", "/v1/plan", "{}"),
    ("GET", "/v1/reports/weekly", ""),
    ("GET", "/v1/reports/steering", ""),
    ("GET", "/v1/reports/weekly?on=2025-01-20", ""),
    ("GET", "/v1/lots/LOT-001/why", ""),
    ("GET", "/v1/lines?limit=10000", ""),
    ("GET", "/v1/lots?limit=1000&sort=age", ""),
    ("GET", "/v1/todo", ""),
    ("GET", "/v1/events?after=0&limit=1000", ""),
    ("GET", "/v1/events?wait=20&kinds=nothing", ""),
    ("GET", "/v1/show/%00", ""),
    ("POST", "/v1/documents", "{\"number\": \"a\\u0000b\", \"type\": \"review\"}"),
    ("POST", "/v1/commands", "[[[[[[[["),
    ("PUT", "/v1/contributions/%1b%5b31m", "{\"amount\": {\"minor\": 9223372036854775807}}"),
];

/// How long others waited for an answer.
#[derive(Default)]
struct Waits(Vec<Duration>);

impl Waits {
    fn part(&mut self, of_thousand: usize) -> Duration {
        self.0.sort_unstable();
        let place = self.0.len().saturating_sub(1) * of_thousand / 1000;
        self.0.get(place).copied().unwrap_or_default()
    }
}

/// One attack; whether it is refused, or the connection is cut, is the service's business.
fn attack(
    client: &Client,
    token: &str,
    bodies: &[(&str, &str, Vec<u8>)],
    turn: usize,
) -> Result<()> {
    let at = client.base.trim_start_matches("http://");
    match turn % 4 {
        0 => {
            let (_, kind, body) = &bodies[turn / 4 % bodies.len()];
            let request = client.request("POST", "/v1/requisitions")?.bearer_auth(token);
            drop(client.send(request.header("content-type", *kind).body(body.clone())));
        }
        1 => {
            let (method, path, body) = QUESTIONS[turn / 4 % QUESTIONS.len()];
            let asked = (0..10).map(|_| {
                let request = client.request(method, path)?.bearer_auth(token);
                let request = request.header("content-type", "application/json");
                Ok(if body.is_empty() { request } else { request.body(body) })
            });
            client.all_at_once(asked.collect::<Result<_>>()?);
        }
        2 => {
            // Connections that say little, and one that takes nothing of a long answer.
            let mut streams: Vec<TcpStream> =
                (0..20).filter_map(|_| TcpStream::connect(at).ok()).collect();
            for (n, stream) in streams.iter_mut().enumerate() {
                let path = if n == 0 { "/v1/lines?limit=10000" } else { "/v1/me" };
                write!(
                    stream,
                    "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
                )
                .ok();
                if n == 0 {
                    stream.write_all(b"\r\n").ok();
                }
            }
            let last = streams.pop().context("no connection")?;
            last.set_read_timeout(Some(Duration::from_secs(1)))?;
            (&last).read_exact(&mut [0; 1]).ok();
        }
        _ => {
            let guesses = (0..20)
                .map(|n| Ok(client.request("GET", "/v1/me")?.bearer_auth(format!("wbt_{n}_x"))));
            client.all_at_once(guesses.collect::<Result<_>>()?);
        }
    }
    Ok(())
}

#[test]
fn lots_travel_and_others_work_under_siege() -> Result<()> {
    let lasts = Duration::from_secs(number("WAYBILL_SIEGE", 0));
    let folder = TempDir::new()?;
    let (dir, data, log) =
        (folder.path().join("coalition"), folder.path().join("data"), folder.path().join("log"));
    fs::create_dir(&dir)?;
    write_coalition(&dir, 25, 1)?;
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    let token = |role: &str, party: &[&str]| -> Result<String> {
        let create = [&["token", "create", role, "--data", text(&data)?][..], party].concat();
        Ok(run(&create)?.ok()?.out.trim().to_owned())
    };
    let (requester, observer) = (token("requester", &["--for", "MOD"])?, token("observer", &[])?);
    let auditor = token("auditor", &[])?;
    let mut command = std::process::Command::new("sh");
    let join =
        "[ -z \"$WAYBILL_SIEGE_CGROUP\" ] || echo $$ >\"$WAYBILL_SIEGE_CGROUP/cgroup.procs\"";
    command.args(["-c", &format!("{join}; exec \"$0\" \"$@\"")]);
    command.arg(waybill(&[]).get_program());
    command.args(["serve", "--data", text(&data)?, "--listen", "127.0.0.1:0"]);
    command.env("WAYBILL_LOG_FORMAT", "json").stdout(Stdio::null()).stderr(File::create(&log)?);
    let mut service = Started(command.spawn()?);
    let found = eventually("it is served", SOON, || {
        Ok(super::surface::address(&fs::read_to_string(&log)?))
    })?;
    let base = format!("http://{found}");
    let bodies = bodies()?;
    let (began, running) = (Instant::now(), AtomicBool::new(true));
    // Each of an attacker's turns is another attack; all attackers together do all of them.
    let turns = 4 * bodies.len().max(QUESTIONS.len()).div_ceil(ATTACKERS);
    let goes_on = |turn: usize| began.elapsed() < lasts || (lasts.is_zero() && turn < turns);
    let mut waits = std::thread::scope(|threads| -> Result<Waits> {
        let attackers: Vec<_> = (0..ATTACKERS)
            .map(|n| {
                let (base, bodies, goes_on) = (&base, &bodies, &goes_on);
                let token = if n % 2 == 0 { &requester } else { &observer };
                threads.spawn(move || -> Result<()> {
                    let client = Client::new(base)?;
                    let mut turn = 0;
                    while goes_on(turn) {
                        attack(&client, token, bodies, turn + n * turns)?;
                        turn += 1;
                    }
                    Ok(())
                })
            })
            .collect();
        let others = threads.spawn(|| -> Result<Waits> {
            // An address has half of all connections at most, and attackers take all that theirs may have.
            let (client, mut waits) = (Client::from(&base, OTHERS)?, Waits::default());
            while running.load(Ordering::Relaxed) {
                for path in ["/v1/me", "/v1/lots?limit=20", "/v1/orders?limit=20", "/health/ready"]
                {
                    let asked = Instant::now();
                    let answer = client.get(&auditor, path);
                    answer.and_then(|answer| answer.is(200)).with_context(|| {
                        format!("{path}, asked {:?} after the siege began", began.elapsed())
                    })?;
                    waits.0.push(asked.elapsed());
                }
                // An account may ask 200 times a second.
                std::thread::park_timeout(Duration::from_millis(25));
            }
            Ok(waits)
        });
        // Needs come in while it lasts, from somebody at the machine.
        let file = folder.path().join("more.csv");
        for part in 0..LOTS / 100 {
            while !lasts.is_zero() && began.elapsed() < lasts * part as u32 / (LOTS / 100) as u32 {
                std::thread::park_timeout(Duration::from_millis(100));
            }
            fs::write(&file, requisitions(&format!("S{part}"), 100))?;
            run(&["import", text(&file)?, "--data", text(&data)?])?.ok()?;
        }
        for attacker in attackers {
            attacker.join().map_err(|_| anyhow::anyhow!("an attacker ended"))??;
        }
        running.store(false, Ordering::Relaxed);
        others.join().map_err(|_| anyhow::anyhow!("others ended"))?
    })?;
    let said = fs::read_to_string(&log)?;
    ensure!(service.0.try_wait()?.is_none(), "the service has ended: {said}");
    ensure!(!said.contains("panicked"), "{said}");
    let used = most_memory(service.0.id())?;
    eprintln!(
        "a siege of {:.0} s: others asked {} times, p50 {:?}, p99 {:?}, slowest {:?}; {} MiB at most",
        began.elapsed().as_secs_f64(),
        waits.0.len(),
        waits.part(500),
        waits.part(990),
        waits.part(1000),
        used / 1024,
    );
    ensure!(used < ROOM, "{used} KiB were used");
    ensure!(lasts.is_zero() || waits.part(990) < Duration::from_secs(1), "others waited");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let database = format!("sqlite:{}?mode=ro", data.join("waybill.sqlite").display());
    eventually("all lots have ended", Duration::from_secs(120), || {
        let open: i64 = runtime.block_on(async {
            let mut database = SqliteConnection::connect(&database).await?;
            sqlx::query_scalar(OPEN).fetch_one(&mut database).await
        })?;
        Ok((open == 0).then_some(()))
    })?;
    drop(service);
    is_clean(&data).map(drop)
}
