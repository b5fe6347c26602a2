//! `serve` killed with SIGKILL at random moments: nothing is lost, nothing happens twice.
//!
//! `WAYBILL_KILLS` is how many kills have to hit lots that are under way (4 without it),
//! `WAYBILL_CRASH_SEED` repeats a run.
#![allow(clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::pair::pair;
use crate::pair::{Database, Pair};
use crate::support::{eventually, run, waybill};

/// Lots under way.
const LOTS: usize = 2000;

/// The latest moment of a kill after a start, in milliseconds: beyond the time in which a killed
/// process' term runs out, where there are terms.
fn latest_ms() -> u64 {
    match pair() {
        Pair::SqliteEmbedded => 500,
        Pair::PostgresEmbedded | Pair::PostgresRabbitMq => 6000,
    }
}

/// How long the end may take after the last kill.
const END: Duration = Duration::from_secs(300);

/// Lots that are neither closed nor left waiting for money or an offer: a round that is to come may give it.
pub(crate) const OPEN: &str = "SELECT count(*) FROM lots WHERE step IS NOT NULL
    AND NOT (state = 'waiting' AND awaits IN ('funding', 'offer')
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind = 'round'))";

/// A small generator (xorshift), so that a run can be repeated from its seed.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The number that a variable holds.
pub(crate) fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Requisitions of the ministry of [`write_coalition`], as CSV.
pub(crate) fn requisitions(prefix: &str, lots: usize) -> String {
    let mut requests = String::from(
        "external_id,requester,item,kind,classification,quantity,unit,unit_estimate,currency,class,\
         rank,requested,consignee,smallest_lot\n",
    );
    for n in 1..=lots {
        let (item, quantity) = (n % 8, 1 + n % 37);
        requests.push_str(&format!(
            "{prefix}/{n},MOD,item {item},goods,32413100-2,{quantity},H87,100.00,EUR,{},{n},\
             2025-01-{:02},C1,1\n",
            1 + n % 3,
            1 + n % 28
        ));
    }
    requests
}

/// A coalition whose money is nearly enough for everything it asks for.
pub(crate) fn write_coalition(dir: &Path, day_ms: u64, lots: usize) -> Result<()> {
    let requests = requisitions("R", lots);
    let offers: String = (0..8)
        .map(|n| {
            format!("O{n},SUP{n},item {n},H87,100.00,EUR,1,1,{},2025-01-01,,AGENT,,,\n", 5 + n * 3)
        })
        .collect();
    let parties = "id,name,role,from,to,evidence\n\
        LU,Luxembourg,member,2024-01-01,,invented\nEE,Estonia,member,2024-01-01,,invented\n\
        MOD,Ministry,beneficiary,2024-01-01,,invented\nAGENT,Agent,buying_agent,2024-01-01,,invented\n"
        .to_owned()
        + &(0..8).map(|n| format!("SUP{n},Supplier {n},,,,\n")).collect::<String>();
    let contributions = "id,donors,firmness,stated,amount,currency,consent,source\n\
        LU-1,LU,commitment,2025-01-01,2000000.00,EUR,above 2000.00,invented\n\
        EE-1,EE,commitment,2025-01-01,1500000.00,EUR,none,invented\n";
    let pipeline = format!(
        "[[step]]\nname = \"validate_priority\"\n[[step]]\nname = \"match_donor\"\n\
         [[step]]\nname = \"issue_order\"\n[[step]]\nname = \"confirm_delivery\"\n\
         [match_donor]\nround_delay_ms = 50\n[issue_order]\ngather_s = 0\nlines = 40\n\
         [connector]\nkind = \"sandbox\"\nseed = 11\nday_ms = {day_ms}\nrefused = 40\n\
         changed = 60\nshort = 100\nrejected = 80\nlate = 100\n\
         [[cron]]\nname = \"rematch\"\nact = \"rematch\"\nat = \"* * * * *\"\nzone = \"UTC\"\n"
    );
    for (name, text) in [
        (
            "coalition.toml",
            "name = \"crash\"\ncurrency = \"EUR\"\nzone = \"UTC\"\nstart = \"2025-02-01\"\n\
            [[requisitions]]\nfile = \"requisitions.csv\"\n",
        ),
        ("requisitions.csv", &requests),
        (
            "offers.csv",
            &format!(
                "id,supplier,item,unit,unit_price,currency,minimum,increment,\
            lead_days,from,to,channel,framework,framework_ends,framework_ceiling\n{offers}"
            ),
        ),
        ("parties.csv", &parties),
        ("contributions.csv", contributions),
        ("codes.csv", "scheme,code,name\nCPV,32413100-2,Network routers\n"),
        ("consignees.csv", "code,requester,address\nC1,MOD,somewhere\n"),
        ("pipeline.toml", &pipeline),
    ] {
        fs::write(dir.join(name), text)?;
    }
    Ok(())
}

fn serve(data: &str) -> Result<Child> {
    let mut command = waybill(&["serve", "--data", data]);
    Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

#[test]
fn killed_at_random_moments_every_lot_ends_and_nothing_is_ordered_twice() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let kills = number("WAYBILL_KILLS", 4);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    let seed = number("WAYBILL_CRASH_SEED", now) | 1;
    let folder = tempfile::tempdir()?;
    let (dir, data) = (folder.path().join("coalition"), folder.path().join("data"));
    fs::create_dir(&dir)?;
    write_coalition(&dir, 20 + 5 * kills, LOTS)?;
    let (from, to) = (dir.display().to_string(), data.display().to_string());
    run(&["import", &from, "--data", &to])?.ok()?;
    let database = runtime.block_on(Database::of(&data))?;

    let (mut draws, mut hits, mut misses, mut open_lots) = (Draws(seed), 0, 0, Vec::new());
    while hits < kills {
        let mut child = serve(&to)?;
        // The moment of the kill is the input of this test, not something it waits for.
        std::thread::sleep(Duration::from_millis(30 + draws.below(latest_ms())));
        child.kill()?;
        child.wait()?;
        let open = runtime.block_on(database.count(OPEN))?;
        if open > 0 {
            hits += 1;
            open_lots.push(open);
        } else {
            misses += 1;
            ensure!(misses < 3, "only {hits} of {kills} kills hit open lots: {open_lots:?}");
        }
    }
    eprintln!(
        "seed {seed}: {hits} kills hit open lots, {misses} none; open at each: {open_lots:?}"
    );

    let mut child = serve(&to)?;
    let ended = eventually("every lot ends", END, || {
        Ok((runtime.block_on(database.count(OPEN))? == 0).then_some(()))
    });
    let term = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    let status = child.wait()?;
    ended?;
    ensure!(term?.success() && status.success(), "serve did not drain: {status}");
    let findings = run(&["check", "--data", &to, "--json"])?.json()?;
    ensure!(findings["ok"] == true, "{findings}");
    let parked = "SELECT count(*) FROM lots WHERE state = 'parked'";
    ensure!(runtime.block_on(database.count(parked))? == 0, "lots are parked");
    let stuck = "SELECT count(*) FROM records WHERE kind = 'incident' AND id LIKE 'document:%'";
    let stuck = runtime.block_on(database.count(stuck))?;
    ensure!(stuck == 0, "documents are stuck: {}", run(&["incidents", "--data", &to])?.out);
    runtime.block_on(orders_match(database, &data.join("sandbox-orders.log")))
}

/// The connector's own log against the database: repeats are byte-identical, each lot was sent in
/// as many orders as it was ordered, and released between any two.
async fn orders_match(database: Database, log: &Path) -> Result<()> {
    let mut sent: BTreeMap<String, String> = BTreeMap::new();
    let mut repeats = 0;
    for entry in fs::read_to_string(log)?.lines() {
        // A line that a kill cut off holds no whole order.
        let Some((number, document)) = entry.split_once('\t') else { continue };
        if serde_json::from_str::<Value>(document).is_err() {
            continue;
        }
        match sent.get(number) {
            Some(before) => {
                ensure!(before == document, "{number} was repeated with other bytes");
                repeats += 1;
            }
            None => drop(sent.insert(number.to_owned(), document.to_owned())),
        }
    }
    let mut of_lot: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (number, document) in &sent {
        let document: Value = serde_json::from_str(document)?;
        // What is told about an order later is no order.
        if document["order_reference"].is_string() {
            continue;
        }
        for line in document["lines"].as_array().into_iter().flatten() {
            let lot = line["id"].as_str().unwrap_or_default().to_owned();
            of_lot.entry(lot).or_default().insert(number.clone());
        }
    }
    for (lot, ordered, released) in database.orders().await? {
        let orders = of_lot.remove(&lot).map_or(0, |orders| orders.len() as i64);
        ensure!(orders == ordered, "{lot} was ordered {ordered} times and sent in {orders} orders");
        ensure!(orders <= released + 1, "{lot}: {orders} orders, released {released} times");
    }
    ensure!(of_lot.is_empty(), "orders name lots that are not there: {of_lot:?}");
    eprintln!("{} orders sent, {repeats} repeats, all byte-identical", sent.len());
    database.close().await;
    Ok(())
}
