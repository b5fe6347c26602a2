//! Others on the same servers: another installation that takes what is ours, and servers that turn everybody away.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use waybill_services::{Postgres, Proxy, RabbitMq};

use crate::cluster::World;
use crate::support::{SOON, eventually};

#[test]
fn two_installations_on_one_virtual_host_are_told() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let host = broker.fresh()?;
    let strange = "of this installation are known";
    let mut ours = World::new(&store, host.clone())?;
    ours.spawn("scheduler 1")?;
    ours.spawn("worker 1")?;
    ours.ends()?;
    ours.is_ready("worker 1", true)?;
    ours.no_longer_finds(strange)?;
    let mut theirs = World::new(&store, host)?;
    theirs.spawn("scheduler 1")?;
    theirs.spawn("worker 1")?;
    let mend = ours.finds(strange)?;
    ensure!(mend.contains("another installation uses this virtual host"), "{mend}");
    theirs.finds(strange)?;
    theirs.kill("scheduler 1")?;
    theirs.kill("worker 1")?;
    ours.no_longer_finds(strange)?;
    ours.add("B", 20)?;
    ours.ends()
}

/// The gap between two that come has to grow beyond this: without growing pauses it would be a fraction of a second.
const FLOOR: Duration = Duration::from_secs(2);

/// How many may come before it has.
const MOST: usize = 60;

/// How a process comes to a server that closes each connection at once.
fn comes_ever_more_seldom(proxy: &Proxy) -> Result<()> {
    let gaps = || -> Vec<Duration> {
        proxy.came().windows(2).map(|two| two[1].duration_since(two[0])).collect()
    };
    let is_slow = || {
        let gaps = gaps();
        let last = &gaps[gaps.len().saturating_sub(3)..];
        Ok((last.len() == 3 && last.iter().all(|gap| *gap >= FLOOR)).then_some(()))
    };
    eventually("it comes seldom", 4 * SOON, is_slow).with_context(|| format!("{:?}", gaps()))?;
    let gaps = gaps();
    ensure!(gaps.len() < MOST, "{} came: {gaps:?}", gaps.len());
    // Spread: of those who wait for the longest pause no two wait for the same time.
    let last = &gaps[gaps.len() - 3..];
    let differ = |one: Duration, other: Duration| one.abs_diff(other) > Duration::from_millis(1);
    ensure!(differ(last[0], last[1]) || differ(last[1], last[2]), "{last:?}");
    Ok(())
}

/// What a process may say about it meanwhile.
const LINES: usize = 400;

#[test]
fn who_is_turned_away_comes_ever_more_seldom_and_says_so_seldom() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    let (to_store, to_broker) = (Proxy::start(store.port())?, Proxy::start(broker.port())?);
    for name in ["scheduler 1", "worker 1"] {
        let store = (store.port(), to_store.port());
        world.reroute(name, store, (broker.port(), to_broker.port()));
        world.spawn(name)?;
    }
    world.ends()?;
    // One alone, so that what comes is its own.
    world.kill("scheduler 1")?;
    for (proxy, server) in [(&to_store, "the store"), (&to_broker, "the broker")] {
        let before = world.log("worker 1").lines().count();
        proxy.refuse(true);
        world.is_ready("worker 1", false)?;
        comes_ever_more_seldom(proxy).with_context(|| server)?;
        let said = world.log("worker 1").lines().count() - before;
        ensure!(said < LINES, "{said} lines about {server}: {}", world.log("worker 1"));
        proxy.refuse(false);
        world.is_ready("worker 1", true)?;
    }
    world.spawn("scheduler 1")?;
    world.add("B", 20)?;
    world.ends()
}
