//! One part taken away in the middle: every lot ends, nothing is ordered twice, and nobody has to do
//! anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use waybill_services::{Cluster, Postgres, Proxy, RabbitMq};

use crate::cluster::{LEASE_MS, World};
use crate::redelivery::repeat;
use crate::support::{SOON, eventually};

#[test]
fn a_killed_worker_is_missed_by_nobody() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::start(&store, broker.fresh()?)?;
    world.kill("worker 1")?;
    world.ends()
}

#[test]
fn a_pipeline_that_is_stated_holds_for_workers_that_were_not_restarted() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    world.spawn("scheduler 1")?;
    world.spawn("worker 1")?;
    world.ends()?;
    // Nobody may give more than a euro, from now on.
    let cap = |donor| {
        format!("{{ party = \"{donor}\", amount = {{ minor = 100, currency = \"EUR\" }} }}")
    };
    world.state(&format!("donor_cap = [{}, {}]", cap("LU"), cap("EE")))?;
    world.kill("scheduler 1")?;
    world.spawn("scheduler 1")?;
    let versions = "SELECT count(*) FROM records WHERE kind = 'pipeline'";
    eventually("the pipeline is stated", SOON, || Ok((world.count(versions)? == 3).then_some(())))?;
    world.add("B", 40)?;
    world.ends()?;
    let served = "SELECT count(*) FROM lots WHERE body LIKE '%\"pipeline\":3%'
        AND body LIKE '%\"envelope\":%'";
    ensure!(world.count(served)? == 0, "new lots were paid by an old version");
    let pinned = "SELECT count(*) FROM lots WHERE body LIKE '%\"pipeline\":3%'";
    ensure!(world.count(pinned)? >= 40, "new lots are not of the new version");
    ensure!(world.log("worker 1").contains("a new pipeline applies"), "{}", world.log("worker 1"));
    // The file of before states nothing any more.
    world.state("")?;
    world.kill("scheduler 1")?;
    world.spawn("scheduler 1")?;
    eventually("it says that it does not", SOON, || {
        Ok(world.log("scheduler 1").contains("a later one has replaced").then_some(()))
    })?;
    ensure!(world.count(versions)? == 3);
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
    for name in ["scheduler 1", "worker 1"] {
        world.is_ready(name, false)?;
    }
    broker.restart()?;
    world.ends()?;
    for name in ["scheduler 1", "worker 1"] {
        world.is_ready(name, true)?;
    }
    Ok(())
}

#[test]
fn a_worker_whose_clock_is_ahead_leaves_everything_to_others() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    for name in ["scheduler 2", "worker 2"] {
        world.wrong_clock(name, 300 * 86_400)?;
        world.spawn(name)?;
        let says = || world.log(name).contains("300 days ahead of the database's").then_some(());
        eventually("it does not believe its clock", SOON, || Ok(says()))?;
        world.is_ready(name, false)?;
    }
    world.spawn("scheduler 1")?;
    world.spawn("worker 1")?;
    world.ends()?;
    ensure!(world.leader()? == "scheduler 1", "one that does not know the time leads");
    let late = "SELECT count(*) FROM events WHERE at > (extract(epoch FROM now()) + 86400) * 1000";
    ensure!(world.count(late)? == 0, "something was done by a clock that was ahead");
    Ok(())
}

/// A broker without memory keeps its connections and takes nothing: that is said, and no queue is to blame.
#[test]
fn a_broker_whose_alarm_is_on_is_named() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::start(&store, broker.fresh()?)?;
    world.ends()?;
    broker.control(&["set_vm_memory_high_watermark", "0.000001"])?;
    world.add("B", 40)?;
    for name in ["scheduler 1", "worker 1"] {
        world.is_ready(name, false)?;
    }
    let seen = world.waybill(&["doctor", "--json"])?;
    ensure!(seen.code == Some(2), "{seen:?}");
    ensure!(seen.out.contains("its memory alarm is on"), "{seen:?}");
    ensure!(seen.out.contains("set_vm_memory_high_watermark"), "{seen:?}");
    broker.control(&["set_vm_memory_high_watermark", "0.4"])?;
    world.ends()?;
    for name in ["scheduler 1", "worker 1"] {
        world.is_ready(name, true)?;
        ensure!(!world.log(name).contains("is created again"), "{}", world.log(name));
    }
    let seen = world.waybill(&["doctor", "--json"])?;
    ensure!(seen.out.contains("2 scheduler, 2 worker"), "{seen:?}");
    world.kill("worker 1")?;
    Ok(())
}

#[test]
fn a_killed_database_is_found_again() -> Result<()> {
    let (mut store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let world = World::start(&store, broker.fresh()?)?;
    store.kill()?;
    store.restart()?;
    world.ends()
}

/// After a fail-over sessions that began on the old one stay read-only, however well the new one is.
#[test]
fn sessions_that_cannot_write_are_replaced() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::start(&store, broker.fresh()?)?;
    world.execute(
        "BEGIN READ WRITE; ALTER ROLE CURRENT_USER SET default_transaction_read_only = on; COMMIT",
    )?;
    world.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'waybill' AND pid <> pg_backend_pid()",
    )?;
    let is_told = |name| world.log(name).contains("read-only transaction");
    eventually("they meet it", SOON, || {
        Ok((is_told("worker 1") && is_told("worker 2")).then_some(()))
    })?;
    // One that starts meanwhile waits.
    world.kill("scheduler 1")?;
    world.spawn("scheduler 1")?;
    // Whoever looks meanwhile sees what is there, and why nothing moves.
    let status = world.waybill(&["status"])?.ok()?;
    ensure!(status.out.contains("the database accepts no writes"), "{status:?}");
    world.waybill(&["check"])?.ok()?;
    let seen = world.waybill(&["doctor"])?;
    ensure!(seen.code == Some(2) && seen.out.contains("it accepts no"), "{seen:?}");
    eventually("it tries again", SOON, || {
        Ok(world.log("scheduler 1").contains("trying again").then_some(()))
    })?;
    world.execute(
        "BEGIN READ WRITE; ALTER ROLE CURRENT_USER RESET default_transaction_read_only; COMMIT",
    )?;
    world.is_ready("scheduler 1", true)?;
    world.ends()
}

/// A database that goes away at any moment of a process's start ends no process.
#[test]
fn a_start_outlives_a_database_that_goes_away_meanwhile() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::start(&store, broker.fresh()?)?;
    let (to_store, to_broker) = (Proxy::start(store.port())?, Proxy::start(broker.port())?);
    for name in ["scheduler 3", "worker 3", "api 1"] {
        let through = |proxy: &Proxy, port| (port, proxy.port());
        world.reroute(name, through(&to_store, store.port()), through(&to_broker, broker.port()));
        for answers in (1..50).step_by(6) {
            to_store.cut_after(answers);
            world.spawn(name)?;
            world
                .is_ready(name, true)
                .with_context(|| format!("cut after {answers} answers: {}", world.log(name)))?;
            world.kill(name)?;
        }
        to_store.cut_after(0);
    }
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

/// A queue that is half made when its node dies must not keep its lots.
#[test]
fn a_cluster_that_loses_a_node_while_queues_are_made_goes_on() -> Result<()> {
    let store = Postgres::start()?;
    let mut cluster = Cluster::start()?;
    let url = cluster.url("test1");
    let mut world = World::new(&store, url)?;
    for name in ["scheduler 1", "scheduler 2", "worker 1", "worker 2"] {
        world.spawn(name)?;
    }
    let leads = |name| world.log(name).contains("leading");
    let one_leads = || Ok((leads("scheduler 1") || leads("scheduler 2")).then_some(()));
    eventually("a scheduler leads", SOON, one_leads)?;
    cluster.nodes[0].kill()?;
    world.ends()
}

#[test]
fn a_worker_whose_network_is_paused_does_no_harm() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    let (to_store, to_broker) = (Proxy::start(store.port())?, Proxy::start(broker.port())?);
    let through = |proxy: &Proxy, port| (port, proxy.port());
    world.reroute("worker 1", through(&to_store, store.port()), through(&to_broker, broker.port()));
    world.run()?;
    to_store.pause();
    to_broker.pause();
    // The others carry everything to its end meanwhile.
    world.ends()?;
    to_store.resume();
    to_broker.resume();
    // What it wanted to write is refused now; then it works as before.
    world.kill("worker 2")?;
    world.add("more", 20)?;
    world.ends()
}

#[test]
fn messages_that_are_delivered_twice_do_no_harm() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let url = broker.fresh()?;
    let (_, host) = url.rsplit_once('/').context("a virtual host")?;
    // The broker tells of each message that it takes: it is put there once more.
    broker.control(&["trace_on", "-p", host])?;
    let mut world = World::new(&store, url.clone())?;
    let repeated = Arc::new(AtomicU64::new(0));
    let repeats = world.block_on(repeat(&url, repeated.clone()))?;
    world.run()?;
    world.ends()?;
    ensure!(!repeats.is_finished(), "messages are no longer repeated");
    ensure!(repeated.load(Ordering::Relaxed) > 0, "no message was repeated");
    repeats.abort();
    Ok(())
}

/// Over TLS lots end as they do without; a broker that cannot be trusted is not talked to.
#[test]
fn a_broker_is_reached_over_tls() -> Result<()> {
    let store = Postgres::start()?;
    let (broker, tls) = RabbitMq::start_with_tls()?;
    let plain = format!(":{}/", broker.port());
    let url = broker.fresh()?.replace("amqp://", "amqps://");
    let mut world = World::new(&store, url.replace(&plain, &format!(":{}/", tls.port)))?;
    world.spawn("scheduler 1")?;
    eventually("the broker is not trusted", SOON, || {
        Ok(world.log("scheduler 1").contains("a broker cannot be reached").then_some(()))
    })?;
    ensure!(!world.log("scheduler 1").contains("connected to the broker"), "it was trusted");
    world.kill("scheduler 1")?;
    world.set("SSL_CERT_FILE", tls.authority.display().to_string());
    world.run()?;
    world.ends()
}
