//! Migrations that were started but not finished, that somebody has changed, or that a newer version made: what is said is
//! true, and its way out is the one.

use std::process::Stdio;

use anyhow::{Result, ensure};
use sqlx::Connection as _;
use waybill_services::{Postgres, RabbitMq};

use crate::cluster::World;
use crate::support::{SOON, Started, eventually, run, waybill};

#[test]
fn a_migration_that_was_killed_is_made_by_the_next_one() -> Result<()> {
    let store = Postgres::start()?;
    let url = store.fresh()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut gate = runtime.block_on(sqlx::PgConnection::connect(&url))?;
    // The migration that makes notes stands still in its middle.
    runtime.block_on(
        sqlx::raw_sql(
            "SELECT pg_advisory_lock(4711);
             CREATE FUNCTION stand_still() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF current_query() LIKE '%TABLE notes%' THEN PERFORM pg_advisory_lock(4711); END IF;
             END $$;
             CREATE EVENT TRIGGER still ON ddl_command_start EXECUTE FUNCTION stand_still();",
        )
        .execute(&mut gate),
    )?;
    let mut migrates = waybill(&["migrate", "--store", &url]);
    let mut migrates = Started(migrates.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    eventually("it stands in the middle", SOON, || {
        let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        let waits: i64 = runtime.block_on(sqlx::query_scalar(waits).fetch_one(&mut gate))?;
        Ok((waits > 0).then_some(()))
    })?;
    migrates.0.kill()?;
    migrates.0.wait()?;
    runtime.block_on(async {
        // What its session has not committed goes with it.
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::raw_sql(end).execute(&mut gate).await?;
        sqlx::raw_sql("DROP EVENT TRIGGER still; SELECT pg_advisory_unlock_all()")
            .execute(&mut gate)
            .await
    })?;
    // It is still to be made, and whoever makes it does so from where it was.
    let said = run(&["migrate", "--dry-run", "--store", &url])?.ok()?;
    ensure!(said.out.contains("pending") && said.out.contains("applied"), "{said:?}");
    run(&["migrate", "--store", &url])?.ok()?;
    run(&["check", "--store", &url])?.ok()?;
    Ok(())
}

#[test]
fn migrations_of_others_are_named_and_nothing_is_changed() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    world.spawn("scheduler 1")?;
    world.spawn("worker 1")?;
    world.ends()?;
    world.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', true, 'x', 0)",
    )?;
    for command in ["status", "check", "migrate", "worker", "scheduler", "api"] {
        world.waybill(&[command])?.refused(1, &["newer version of Waybill", "use that version"])?;
    }
    let seen = world.waybill(&["doctor"])?;
    ensure!(seen.code == Some(2) && seen.out.contains("newer version"), "{seen:?}");
    // Those that run go on.
    world.is_ready("worker 1", true)?;
    world.execute("DELETE FROM _sqlx_migrations WHERE version = 9999")?;
    world.add("B", 10)?;
    world.ends()?;

    // One that is noted as begun and not as done.
    world.execute("UPDATE _sqlx_migrations SET success = false WHERE version = (SELECT max(version) FROM _sqlx_migrations)")?;
    let said = world.waybill(&["migrate"])?;
    said.failed(1, &["was started but not finished", "restore"])?;
    let seen = world.waybill(&["doctor"])?;
    let told = seen.out.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(seen.code == Some(2) && told.contains("started but not finished"), "{seen:?}");
    world.execute("UPDATE _sqlx_migrations SET success = true")?;

    // One that was changed since it was made: only a migration that is to come looks at those before.
    world.execute("UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = (SELECT min(version) FROM _sqlx_migrations)")?;
    world.execute(
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )?;
    world.waybill(&["migrate"])?.failed(1, &["another program", "restore"])?;
    Ok(())
}
