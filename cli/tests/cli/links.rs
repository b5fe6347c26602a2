//! What a page of the feed costs on a log whose links hold many events: it reads what it gives, not the link for each event.

use anyhow::{Result, ensure};
use waybill_services::{Postgres, RabbitMq};

use crate::cluster::World;
use crate::support::{SOON, eventually};

/// Lines that are handed in at once, while nobody gives positions: two events each, so that a link of the chain is as long as
/// links become.
const LINES: usize = 11_000;

/// The most events of a link.
const LINK: i64 = 20_000;

/// Blocks that one event more on a page may cost: its row, and what leads to it.
const EACH: i64 = 12;

/// Blocks that a page may cost besides: the store is opened, and the link is read once. Read for each of its events, it would be
/// more than a million.
const ONCE: i64 = 10_000;

/// Blocks that everybody has read so far, once nobody else is there who has not told.
fn read(world: &World) -> Result<i64> {
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'waybill' AND pid <> pg_backend_pid()";
    eventually("nobody else is there", SOON, || Ok((world.count(others)? == 0).then_some(())))?;
    world.count(
        "SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0)
            + coalesce(toast_blks_hit + toast_blks_read, 0)
            + coalesce(tidx_blks_hit + tidx_blks_read, 0))::bigint FROM pg_statio_user_tables",
    )
}

#[test]
fn a_page_reads_what_it_gives() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let world = World::new(&store, broker.fresh()?)?;
    world.add("L", LINES)?;
    // Whoever checks gives what has none its position.
    world.waybill(&["check"])?.ok()?;
    let longest = "SELECT max(cardinality(events))::bigint FROM chain";
    ensure!(world.count(longest)? == LINK, "the longest link has {} events", world.count(longest)?);
    let page = |limit: i64| -> Result<i64> {
        let before = read(&world)?;
        let (limit, after) = (limit.to_string(), (LINK / 2).to_string());
        let said =
            world.waybill(&["events", "--json", "--after", &after, "--limit", &limit])?.ok()?;
        ensure!(said.out.lines().count().to_string() == limit, "{}", said.out.lines().count());
        Ok(read(&world)? - before)
    };
    // Whatever is read the first time only.
    page(1)?;
    let (one, hundred, thousand) = (page(1)?, page(100)?, page(1000)?);
    let told = format!("blocks for 1, 100 and 1,000 events: {one}, {hundred}, {thousand}");
    ensure!(one <= ONCE, "{told}");
    ensure!(hundred <= one + 100 * EACH && thousand <= one + 1000 * EACH, "{told}");
    crate::pair::say(&told)
}
