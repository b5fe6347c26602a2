//! Schedulers and workers as separate processes on a real Postgres and RabbitMQ, with one part taken
//! away in the middle: every lot ends, nothing is ordered twice, and nobody has to do anything.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use waybill_services::{Cluster, Postgres, RabbitMq};

use crate::crash::{OPEN, write_coalition};
use crate::support::{Started, eventually, run, text, waybill};

/// Lots under way.
const LOTS: usize = 300;

/// How long everything may take to end after a fault.
const END: Duration = Duration::from_secs(120);

/// How long a lease holds, in milliseconds.
const LEASE_MS: u64 = 1500;

/// A coalition under way in many processes.
struct World {
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
    store: String,
    broker: String,
    pool: sqlx::PgPool,
    processes: BTreeMap<&'static str, Started>,
}

impl World {
    /// Two schedulers and two workers, and lots that have begun to move.
    fn start(store: &Postgres, broker: String) -> Result<Self> {
        let folder = TempDir::new()?;
        let (coalition, data) = (folder.path().join("coalition"), folder.path().join("data"));
        fs::create_dir_all(&coalition)?;
        write_coalition(&coalition, 25, LOTS)?;
        fs::create_dir_all(&data)?;
        let store = store.fresh()?;
        run(&["import", text(&coalition)?, "--data", text(&data)?, "--store", &store])?.ok()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let pool = sqlx::postgres::PgPoolOptions::new();
        let pool = runtime.block_on(pool.connect(&store))?;
        let processes = BTreeMap::new();
        let mut world = Self { folder, runtime, store, broker, pool, processes };
        for name in ["scheduler 1", "scheduler 2", "worker 1", "worker 2"] {
            world.spawn(name)?;
        }
        let sql = "SELECT count(*) FROM lots WHERE state = 'delivered'";
        eventually("the first are delivered", END, || Ok((world.count(sql)? > 0).then_some(())))?;
        Ok(world)
    }

    fn spawn(&mut self, name: &'static str) -> Result<()> {
        let role = name.split(' ').next().context("a role")?;
        let data = self.folder.path().join("data");
        let arguments =
            [role, "--data", text(&data)?, "--store", &self.store, "--broker", &self.broker];
        let mut command = waybill(&arguments);
        command.env("WAYBILL_LEASE_MS", LEASE_MS.to_string());
        let log = self.folder.path().join(format!("{name}.log"));
        let log = File::options().create(true).append(true).open(log)?;
        command.stdout(log.try_clone()?).stderr(log);
        self.processes.insert(name, Started(command.spawn()?));
        Ok(())
    }

    fn signal(&self, name: &str, signal: &str) -> Result<()> {
        let process = self.processes.get(name).context("a process")?;
        let sent = Command::new("kill").args([signal, &process.0.id().to_string()]).status()?;
        ensure!(sent.success(), "kill {signal} failed");
        Ok(())
    }

    fn kill(&mut self, name: &str) -> Result<()> {
        let mut process = self.processes.remove(name).context("a process")?;
        process.0.kill()?;
        process.0.wait()?;
        Ok(())
    }

    fn count(&self, sql: &'static str) -> Result<i64> {
        Ok(self.runtime.block_on(sqlx::query_scalar(sql).fetch_one(&self.pool))?)
    }

    /// The scheduler that leads.
    fn leader(&self) -> Result<&'static str> {
        let holder = "SELECT holder FROM leadership WHERE until > now()";
        let holder: String =
            self.runtime.block_on(sqlx::query_scalar(holder).fetch_one(&self.pool))?;
        let pid: u32 = holder.split(':').nth(1).context("a holder")?.parse()?;
        let found = self.processes.iter().find(|(_, process)| process.0.id() == pid);
        found.map(|(name, _)| *name).context("the leader is no process of this test")
    }

    /// Waits until every lot has ended or waits for money, and checks everything.
    fn ends(&self) -> Result<()> {
        let said = || {
            let log = |name: &str| {
                let path = self.folder.path().join(format!("{name}.log"));
                let text = fs::read_to_string(path).unwrap_or_default();
                let last: Vec<&str> = text.lines().rev().take(8).collect();
                format!("-- {name}\n{}\n", last.join("\n"))
            };
            self.processes.keys().map(|name| log(name)).collect::<String>()
        };
        // A database that has just come back refuses for a moment.
        eventually("every lot ends", END, || match self.count(OPEN) {
            Ok(0) => Ok(Some(())),
            Ok(_) | Err(_) => Ok(None),
        })
        .with_context(said)?;
        let parked = self.count("SELECT count(*) FROM lots WHERE state = 'parked'")?;
        ensure!(parked == 0, "{parked} lots need an operator: {}", said());
        let twice = "SELECT count(*) FROM (SELECT subject FROM events
            WHERE kind = 'order.sent' GROUP BY subject HAVING count(*) > 1) AS twice";
        ensure!(self.count(twice)? == 0, "an order was sent twice");
        let found = run(&["check", "--store", &self.store, "--json"])?.json()?;
        ensure!(found["ok"] == true, "violations: {found}");
        Ok(())
    }
}

#[test]
fn a_killed_worker_is_missed_by_nobody() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::start(&store, broker.fresh()?)?;
    world.kill("worker 1")?;
    world.ends()
}

#[test]
fn when_the_leading_scheduler_is_killed_another_leads() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::start(&store, broker.fresh()?)?;
    let leader = world.leader()?;
    world.kill(leader)?;
    world.ends()?;
    ensure!(world.leader()? != leader);
    Ok(())
}

#[test]
fn a_killed_broker_is_found_again() -> Result<()> {
    let (store, mut broker) = (Postgres::start()?, RabbitMq::start()?);
    let world = World::start(&store, broker.fresh()?)?;
    broker.kill()?;
    broker.restart()?;
    world.ends()
}

#[test]
fn a_killed_database_is_found_again() -> Result<()> {
    let (mut store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let world = World::start(&store, broker.fresh()?)?;
    store.kill()?;
    store.restart()?;
    world.ends()
}

#[test]
fn a_worker_that_slept_longer_than_its_lease_does_no_harm() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let world = World::start(&store, broker.fresh()?)?;
    world.signal("worker 1", "-STOP")?;
    // How long it sleeps is the input of this test.
    std::thread::sleep(Duration::from_millis(2 * LEASE_MS));
    world.signal("worker 1", "-CONT")?;
    world.ends()
}

#[test]
fn purged_queues_are_filled_again() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let url = broker.fresh()?;
    let world = World::start(&store, url.clone())?;
    let (_, host) = url.rsplit_once('/').context("a virtual host")?;
    for queue in broker.control(&["list_queues", "-p", host, "name", "--no-table-headers"])?.lines()
    {
        broker.control(&["purge_queue", "-p", host, queue.trim()])?;
    }
    world.ends()
}

#[test]
fn a_cluster_that_loses_one_of_three_nodes_goes_on() -> Result<()> {
    let store = Postgres::start()?;
    let mut cluster = Cluster::start()?;
    let url = cluster.url("test1");
    let world = World::start(&store, url)?;
    cluster.nodes[0].kill()?;
    world.ends()
}
