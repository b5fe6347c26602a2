//! What grows in a Postgres where nobody looks: each is said by `doctor`, with the mend that helps.

use anyhow::{Result, ensure};
use sqlx::Connection as _;
use waybill_services::{Postgres, RabbitMq};

use crate::cluster::World;

#[test]
fn what_grows_is_named_with_its_mend() -> Result<()> {
    let store = Postgres::start_with(&["wal_level=logical", "max_prepared_transactions=5"])?;
    let broker = RabbitMq::start()?;
    let mut world = World::new(&store, broker.fresh()?)?;
    // What is open for so long counts as forgotten here.
    world.set("WAYBILL_LONG_OPEN_MS", "1".to_owned());
    let open = "a transaction open for";

    // Of another database: what it holds is the server's.
    let other = store.fresh()?;
    let mut holder = world.block_on(sqlx::PgConnection::connect(&other))?;
    let process: i32 = world.block_on(async {
        sqlx::raw_sql("BEGIN; SELECT txid_current()").execute(&mut holder).await?;
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut holder).await
    })?;
    let mend = world.finds(&format!("process {process} in database "))?;
    ensure!(mend.contains(&format!("SELECT pg_terminate_backend({process})")), "{mend}");
    // The mend helps.
    world.ask(&format!("SELECT pg_terminate_backend({process})"))?;
    world.no_longer_finds(open)?;

    let mut holder = world.block_on(sqlx::PgConnection::connect(&other))?;
    world.block_on(
        sqlx::raw_sql("BEGIN; SELECT txid_current(); PREPARE TRANSACTION 'left behind'")
            .execute(&mut holder),
    )?;
    let mend = world.finds("the prepared transaction 'left behind'")?;
    ensure!(mend.contains("ROLLBACK PREPARED 'left behind'"), "{mend}");
    world.block_on(sqlx::raw_sql("ROLLBACK PREPARED 'left behind'").execute(&mut holder))?;
    world.no_longer_finds(open)?;

    // The log of more than 256 MiB is kept for a reader that does not come any more.
    world.execute("SELECT pg_create_physical_replication_slot('gone', true)")?;
    for _ in 0..17 {
        world.execute("SELECT pg_logical_emit_message(false, 'waybill', 'x')")?;
        world.execute("SELECT pg_switch_wal()")?;
    }
    let mend = world.finds("the replication slot gone, which nobody reads")?;
    ensure!(mend.contains("SELECT pg_drop_replication_slot('gone')"), "{mend}");
    world.execute("SELECT pg_drop_replication_slot('gone')")?;
    world.no_longer_finds("replication slot")?;
    Ok(())
}

/// A month that was not made in time: what comes stands in the default partition, which is said and mended by itself.
#[test]
fn events_that_stand_in_no_month_are_named_and_moved() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    world.execute(
        "DO $$ BEGIN EXECUTE (SELECT string_agg('DROP TABLE ' || inhrelid::regclass, ';') FROM pg_inherits
         WHERE inhparent = 'events'::regclass AND inhrelid::regclass::text <> 'events_other'); END $$",
    )?;
    world.add("B", 5)?;
    let mend = world.finds("events are in no month's table")?;
    ensure!(mend.contains("the leading scheduler moves them"), "{mend}");
    world.spawn("scheduler 1")?;
    world.spawn("worker 1")?;
    world.no_longer_finds("are in no month's table")?;
    ensure!(world.count("SELECT count(*) FROM events_other")? == 0);
    Ok(())
}
