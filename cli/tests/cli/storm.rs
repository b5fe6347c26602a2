//! A storm: schedulers, workers, an API and a receiver of webhooks under one fault after the other, on a real Postgres
//! and RabbitMQ. Nothing is lost, nothing happens twice, nothing is told otherwise, and nobody has to do anything.
//!
//! `WAYBILL_STORM` is how many faults there are (12 without it), `WAYBILL_STORM_SEED` repeats their order.
#![allow(clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use waybill_services::{Postgres, RabbitMq};

use crate::api::receiver::{Receiver, Temper};
use crate::cluster::{LEASE_MS, World};
use crate::every_pair::crash::{Draws, number};
use crate::redelivery::meddle;
use crate::support::{Said, eventually};

/// How long webhooks may take to have caught up after the last fault.
pub(crate) const CAUGHT_UP: Duration = Duration::from_secs(60);

/// Receivers may be on this machine, and are tried again soon.
pub(crate) const SECTIONS: &str =
    "[webhooks]\nallow = [\"127.0.0.2/32\"]\nretry_s = [1, 1, 1, 2, 2, 5, 5, 5, 10, 10]\n";

/// After so many faults more lots are handed in.
pub(crate) const EACH: u64 = 10;

const PROCESSES: [&str; 6] =
    ["scheduler 1", "scheduler 2", "worker 1", "worker 2", "worker 3", "api 1"];

/// One of `all`.
fn one<T: Copy>(draws: &mut Draws, all: &[T]) -> T {
    all[draws.below(all.len() as u64) as usize]
}

/// How long something lasts is the input of this test.
pub(crate) fn lasts(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

/// One fault; gives what it was.
fn fault(
    draws: &mut Draws,
    world: &mut World,
    store: &mut Postgres,
    broker: &mut RabbitMq,
    host: &str,
) -> Result<&'static str> {
    match draws.below(100) {
        ..64 => {
            let name = one(draws, &PROCESSES);
            world.kill(name)?;
            world.spawn(name)?;
            Ok("a process killed")
        }
        64..66 => {
            world.state_whole(&format!(
                "{SECTIONS}disable_after_days = {}\n",
                30 + draws.below(5_000)
            ))?;
            world.kill("scheduler 1")?;
            world.spawn("scheduler 1")?;
            Ok("a pipeline replaced")
        }
        66..68 => {
            let queues = queues(broker, host)?;
            if let Some(queue) = queues.get(draws.below(queues.len().max(1) as u64) as usize) {
                // The queue may go meanwhile.
                world.block_on(meddle(&broker.url(host), queue)).ok();
            }
            Ok("messages doubled, and junk")
        }
        68..69 => {
            for name in PROCESSES {
                world.kill(name)?;
            }
            ensure!(world.kill_a_restore(draws.below(250))?, "a restore was too fast to be killed");
            for name in PROCESSES {
                world.spawn(name)?;
            }
            Ok("a restore killed")
        }
        69..70 => {
            control(broker, &["delete_vhost", host])?;
            control(broker, &["add_vhost", host])?;
            control(broker, &["set_permissions", "-p", host, "guest", ".*", ".*", ".*"])?;
            Ok("a virtual host deleted")
        }
        70..75 => {
            let name = one(draws, &["worker 1", "worker 2", "worker 3", "scheduler 1"]);
            world.signal(name, "-STOP")?;
            lasts(2 * LEASE_MS);
            world.signal(name, "-CONT")?;
            Ok("a sleeper")
        }
        75..81 => {
            world.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'waybill'",
            )?;
            Ok("sessions ended")
        }
        81..85 => {
            store.kill()?;
            store.restart()?;
            Ok("Postgres killed")
        }
        85..88 => {
            world.execute("BEGIN READ WRITE; ALTER ROLE CURRENT_USER SET default_transaction_read_only = on; COMMIT")?;
            world.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'waybill'",
            )?;
            lasts(1_000);
            world.execute("BEGIN READ WRITE; ALTER ROLE CURRENT_USER RESET default_transaction_read_only; COMMIT")?;
            Ok("read-only")
        }
        88..91 => {
            for queue in queues(broker, host)? {
                broker.control(&["purge_queue", "-p", host, &queue]).ok();
            }
            Ok("queues purged")
        }
        91..93 => {
            if let Some(queue) = queues(broker, host)?.first() {
                broker.control(&["delete_queue", "-p", host, queue]).ok();
            }
            Ok("a queue deleted")
        }
        93..95 => {
            control(broker, &["close_all_connections", "-p", host, "a storm"])?;
            Ok("connections closed")
        }
        95..97 => {
            control(broker, &["set_vm_memory_high_watermark", "0.000001"])?;
            lasts(2_000);
            control(broker, &["set_vm_memory_high_watermark", "0.4"])?;
            Ok("an alarm")
        }
        97..99 => {
            let name = one(draws, &["worker 1", "worker 2", "scheduler 1"]);
            world.wrong_clock(name, 300 * 86_400)?;
            lasts(2_000);
            world.wrong_clock(name, 0)?;
            Ok("a clock ahead")
        }
        _ => {
            broker.kill()?;
            broker.restart()?;
            Ok("RabbitMQ killed")
        }
    }
}

/// Tells the broker something, once it can be told.
fn control(broker: &RabbitMq, arguments: &[&str]) -> Result<String> {
    eventually("the broker is told", CAUGHT_UP, || Ok(broker.control(arguments).ok()))
}

fn queues(broker: &RabbitMq, host: &str) -> Result<Vec<String>> {
    let listed = control(broker, &["list_queues", "-p", host, "name", "--no-table-headers"])?;
    Ok(listed.lines().map(|line| line.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}

fn position(event: &Value) -> i64 {
    event["position"].as_i64().unwrap_or_default()
}

/// What was told of each event at first, to be held against what is told of it later.
#[derive(Default)]
pub(crate) struct Follower {
    first: HashMap<i64, Value>,
    read: i64,
    otherwise: u64,
}

impl Follower {
    /// Reads on, by `waybill` with the arguments it is given; nothing while the database cannot be read.
    pub(crate) fn read_on(&mut self, waybill: impl Fn(&[&str]) -> Result<Said>) {
        for event in fetched(waybill, self.read).into_iter().flatten() {
            self.read = self.read.max(position(&event));
            let before = self.first.insert(position(&event), event.clone());
            self.otherwise += u64::from(before.is_some_and(|before| before != event));
        }
    }

    /// Reads the whole log, which must tell what it told before; gives it.
    pub(crate) fn read_all(
        mut self,
        waybill: impl Fn(&[&str]) -> Result<Said>,
    ) -> Result<Vec<Value>> {
        let all = eventually("the log can be read", CAUGHT_UP, || Ok(fetched(&waybill, 0)))?;
        for event in &all {
            let before = self.first.get(&position(event));
            self.otherwise += u64::from(before.is_some_and(|before| before != event));
        }
        let (there, read) = (all.len(), self.first.len());
        ensure!(there >= read, "{read} events were told, {there} are there");
        ensure!(self.otherwise == 0, "{} events are told otherwise later", self.otherwise);
        Ok(all)
    }
}

/// The events after `position`.
fn fetched(waybill: impl Fn(&[&str]) -> Result<Said>, position: i64) -> Option<Vec<Value>> {
    let after = position.to_string();
    let said = waybill(&["events", "--json", "--after", &after]).ok()?;
    if said.code != Some(0) {
        return None;
    }
    said.out.lines().map(|line| serde_json::from_str(line).ok()).collect()
}

/// Waits until each event of `all` has arrived, those of a subject in their order.
pub(crate) fn all_arrive(all: &[Value], receiver: &Receiver) -> Result<()> {
    let is_for_audit = |event: &&Value| {
        let subject = event["subject"].as_str().unwrap_or_default();
        let (kind, _) = subject.split_once(':').unwrap_or_default();
        ["document", "refused_document", "webhook"].contains(&kind)
    };
    let wanted: BTreeSet<i64> =
        all.iter().filter(|event| !is_for_audit(event)).map(position).collect();
    let mut missing = Vec::new();
    let taken = eventually("all have arrived", CAUGHT_UP, || {
        let taken = receiver.taken()?;
        let there: BTreeSet<i64> = taken.iter().map(position).collect();
        missing = wanted.difference(&there).copied().collect();
        Ok(missing.is_empty().then_some(taken))
    });
    let taken = taken.with_context(|| {
        let left = all.iter().filter(|event| missing.contains(&position(event)));
        let left: Vec<String> = left.take(10).map(Value::to_string).collect();
        format!("{} missing, {left:#?}", missing.len())
    })?;
    let mut last: HashMap<String, i64> = HashMap::new();
    for event in &taken {
        let before = last.insert(event["subject"].to_string(), position(event)).unwrap_or(0);
        ensure!(position(event) > before, "{} came after {before}", event["subject"]);
    }
    Ok(())
}

/// All processes, and a receiver that is told everything.
fn told_to(store: &Postgres, broker: String, temper: Temper) -> Result<(World, Receiver)> {
    let mut world = World::new(store, broker)?;
    world.state_whole(SECTIONS)?;
    for name in PROCESSES {
        world.wrong_clock(name, 0)?;
        world.spawn(name)?;
    }
    let receiver = Receiver::start(temper)?;
    eventually("the pipeline is stated", CAUGHT_UP, || {
        let stated = "SELECT count(*) FROM records WHERE kind = 'pipeline'";
        // The default, that of the coalition's folder, and this one.
        Ok((world.count(stated)? == 3).then_some(()))
    })?;
    world.waybill(&["webhook", "create", &receiver.url(), "--after", "0"])?.ok()?;
    Ok((world, receiver))
}

/// While the log grows without a pause, what is in it is told soon: minutes late where a job that was asked for again
/// rested as long as before.
#[test]
fn a_growing_log_is_told_soon() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let (world, receiver) = told_to(&store, broker.fresh()?, Temper::Ready)?;
    world.ends()?;
    let began = chrono::Utc::now().timestamp_millis();
    let rounds = number("WAYBILL_LAG", 15);
    for n in 0..rounds {
        // About a hundred events.
        world.add(&format!("L{n}"), 10)?;
        lasts(500);
    }
    world.ends()?;
    let mut lags = Vec::new();
    for arrived in receiver.arrived() {
        let event = arrived.event()?;
        let time = event["time"].as_str().context("a time")?;
        let time = time.parse::<chrono::DateTime<chrono::Utc>>()?.timestamp_millis();
        if time > began {
            lags.push(arrived.at - time);
        }
    }
    lags.sort_unstable();
    let at = |part: usize| lags.get(lags.len() * part / 100).copied().unwrap_or(i64::MAX);
    let told =
        format!("{} events: told after {} ms (p50), {} ms (p99)", lags.len(), at(50), at(99));
    eprintln!("{told}");
    ensure!(lags.len() > 100 && at(50) < 3_000, "{told}");
    Ok(())
}

#[test]
fn nothing_is_lost_in_a_storm_and_nobody_has_to_do_anything() -> Result<()> {
    let faults = number("WAYBILL_STORM", 12);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    let seed = number("WAYBILL_STORM_SEED", now) | 1;
    eprintln!("seed {seed}");
    let (mut store, mut broker) = (Postgres::start()?, RabbitMq::start()?);
    let url = broker.fresh()?;
    let host = url.rsplit_once('/').context("a virtual host")?.1.to_owned();
    let (mut world, receiver) = told_to(&store, url, Temper::Moody(10))?;
    world.export()?;
    let (mut draws, mut counts) = (Draws(seed), BTreeMap::<&str, u64>::new());
    let (mut follower, mut lots) = (Follower::default(), 0);
    for n in 0..faults {
        if n > 0 && n % 100 == 0 {
            eprintln!("{n} faults: {counts:?}");
        }
        if n % EACH == 0 {
            // A database that is away refuses; what was refused is handed in again.
            let more = || Ok(world.add(&format!("S{n}"), 20).is_ok().then_some(()));
            eventually("more lots are taken", CAUGHT_UP, more)?;
            lots += 20;
        }
        let what = fault(&mut draws, &mut world, &mut store, &mut broker, &host)?;
        *counts.entry(what).or_default() += 1;
        lasts(draws.below(700));
        if n % 5 == 0 {
            follower.read_on(|arguments| world.waybill(arguments));
        }
    }
    let last_fault = Instant::now();
    world.ends()?;
    let ended = last_fault.elapsed();
    let all = follower.read_all(|arguments| world.waybill(arguments))?;
    all_arrive(&all, &receiver).with_context(|| format!("seed {seed}, {counts:?}"))?;
    let caught_up = last_fault.elapsed();
    ensure!(caught_up.saturating_sub(ended) < CAUGHT_UP, "webhooks took {caught_up:?}");
    let by_hand = world.count("SELECT count(*) FROM records WHERE kind = 'incident'")?;
    ensure!(by_hand == 0, "{by_hand} incidents: somebody has to act");
    let late = "SELECT count(*) FROM events WHERE at > (extract(epoch FROM now()) + 86400) * 1000";
    ensure!(world.count(late)? == 0, "something was done by a clock that was ahead");
    eprintln!(
        "seed {seed}: {faults} faults {counts:?}, {lots} lots more, {} events; all ended after {ended:?}, webhooks caught \
         up after {caught_up:?}",
        all.len()
    );
    Ok(())
}
