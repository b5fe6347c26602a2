//! A Postgres that is there, and does not do what is asked: it is away, full, refuses, or waits for somebody else. What it
//! is is said with the mend that helps, nothing is lost, and all goes on by itself.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sqlx::Connection as _;
use waybill_services::{Postgres, RabbitMq};

use crate::cluster::World;
use crate::support::{SOON, eventually};

const ROLES: [&str; 3] = ["scheduler 1", "worker 1", "api 1"];

#[test]
fn roles_that_start_while_the_database_is_away_wait_for_it() -> Result<()> {
    let (mut store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    store.kill()?;
    for name in ROLES {
        world.spawn(name)?;
    }
    for name in ROLES {
        world.waits_for(name, "the database does not answer")?;
        // Who waits reads nothing again, and ends for nothing of that.
        world.signal(name, "-HUP")?;
        world.waits_for(name, "the database does not answer")?;
    }
    let (status, head, body) = world.answered("api 1", "/v1/status")?.context("an answer")?;
    ensure!(status == 503 && head.contains("retry-after: "), "{head}\n{body}");
    let problem: Value = serde_json::from_str(&body)?;
    ensure!(problem["type"] == "/problems/unavailable", "{problem}");
    store.restart()?;
    for name in ROLES {
        world.is_ready(name, true)?;
    }
    world.ends()
}

/// Three roles on a server with few connections, of which somebody else takes the rest.
#[test]
fn few_connections_are_enough_and_none_left_is_named() -> Result<()> {
    let store = Postgres::start_with(&["max_connections=20"])?;
    let broker = RabbitMq::start()?;
    let mut world = World::new(&store, broker.fresh()?)?;
    // Four each, one more for who leads, one of this test: 14.
    world.set("WAYBILL_STORE_CONNECTIONS", "4".to_owned());
    for name in ROLES {
        world.spawn(name)?;
    }
    world.ends()?;
    for name in ROLES {
        world.is_ready(name, true)?;
    }
    world.waybill(&["status"])?.ok()?;

    let mut taken = Vec::new();
    world.block_on(async {
        while let Ok(connection) = sqlx::PgConnection::connect(world.store()).await {
            taken.push(connection);
        }
    });
    ensure!(!taken.is_empty(), "there was none to be taken");
    world.kill("worker 1")?;
    let replaced = world.block_on(async {
        // What it had is taken before another comes.
        let mut more = 0;
        for _ in 0..1_000 {
            match sqlx::PgConnection::connect(world.store()).await {
                Ok(connection) => {
                    taken.push(connection);
                    more += 1;
                }
                Err(_) if more > 0 => break,
                Err(_) => tokio::task::yield_now().await,
            }
        }
        more
    });
    ensure!(replaced > 0, "what the worker had was not given back");
    world.spawn("worker 1")?;
    world.waits_for("worker 1", "the database has no free connections")?;
    for command in ["doctor", "status", "check"] {
        let said = world.waybill(&[command])?;
        ensure!(said.code == Some(2), "{command}: {said:?}");
        let told = format!("{} {}", said.out, said.err);
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(told.contains("too many clients") || told.contains("connection slots"), "{said:?}");
        ensure!(told.contains("max_connections"), "{command}: {said:?}");
    }
    drop(taken);
    world.is_ready("worker 1", true)?;
    world.add("B", 40)?;
    world.ends()
}

#[test]
fn a_right_that_is_taken_away_is_named_and_costs_nothing() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::owned(&store, "one", broker.fresh()?)?;
    world.spawn("scheduler 1")?;
    world.spawn("worker 1")?;
    world.ends()?;
    world.add("B", 40)?;
    world.execute("REVOKE INSERT ON events FROM owner; REVOKE UPDATE ON lots FROM owner")?;
    let mend = world.finds("owner has no INSERT on events, UPDATE on lots")?;
    ensure!(mend.contains("GRANT ") && mend.contains(" TO owner"), "{mend}");
    for name in ["scheduler 1", "worker 1"] {
        world.waits_for(name, "the database's user lacks a permission")?;
        let (_, _, body) = world.answered(name, "/health/ready")?.context("an answer")?;
        ensure!(!body.contains("owner"), "names are for operators: {body}");
    }
    world.execute("GRANT INSERT ON events TO owner; GRANT UPDATE ON lots TO owner")?;
    world.is_ready("scheduler 1", true)?;
    world.is_ready("worker 1", true)?;
    no_incident(&world)?;
    world.ends()
}

/// A new password holds for new sessions: processes go on as long as theirs live. Ended, they are refused.
#[test]
fn a_user_that_is_refused_is_named_and_goes_on_once_it_is_let_in() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::owned(&store, "one", broker.fresh()?)?;
    let (old, new) = (world.store().to_owned(), world.store().replace(":one@", ":two@"));
    world.spawn("scheduler 1")?;
    world.spawn("worker 1")?;
    world.until("some move", "SELECT count(*) FROM lots WHERE state = 'delivered'")?;
    const END: &str =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner'";
    // Sessions that an administrator ends are made anew, and nobody has to do anything.
    world.execute(END)?;
    world.add("B", 40)?;
    world.ends()?;

    world.execute("ALTER ROLE owner PASSWORD 'two'")?;
    world.execute(END)?;
    for name in ["scheduler 1", "worker 1"] {
        world.waits_for(name, "the database refuses this user or its password")?;
    }
    // Who looks with the old one is told so.
    let said = world.waybill(&["doctor"])?;
    ensure!(said.code == Some(2) && said.out.contains("WAYBILL_STORE"), "{said:?}");
    // Who has the new one is not sent to start a second process beside one that runs.
    world.moves_to(new);
    let mend = world.finds("no scheduler")?;
    ensure!(
        mend.contains("see the finding about it") && mend.contains("not running any more"),
        "{mend}"
    );
    ensure!(!mend.starts_with("waybill scheduler"), "{mend}");
    world.kill("worker 1")?;
    world.spawn("worker 1")?;
    world.is_ready("worker 1", true)?;
    // The other goes on by itself with what it has, once that is right again.
    world.execute("ALTER ROLE owner PASSWORD 'one'")?;
    world.is_ready("scheduler 1", true)?;
    world.moves_to(old);

    world.execute("ALTER ROLE owner NOLOGIN")?;
    world.execute(END)?;
    world.waits_for("scheduler 1", "the database refuses this user or its password")?;
    world.execute("ALTER ROLE owner LOGIN")?;
    world.is_ready("scheduler 1", true)?;
    world.kill("worker 1")?;
    world.spawn("worker 1")?;
    world.is_ready("worker 1", true)?;
    world.moves_to(world.store().to_owned());
    world.add("C", 40)?;
    no_incident(&world)?;
    world.ends()
}

fn no_incident(world: &World) -> Result<()> {
    let incidents = world.count("SELECT count(*) FROM records WHERE kind = 'incident'")?;
    ensure!(incidents == 0, "what the database did not do became {incidents} incidents");
    Ok(())
}

/// Commits wait for a standby that is gone: who looks is told, and nothing that was done meanwhile is lost or done twice.
#[test]
fn a_synchronous_standby_that_is_lost_is_named() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::start(&store, broker.fresh()?)?;
    world.ends()?;
    world.execute("ALTER SYSTEM SET synchronous_standby_names = 'gone'")?;
    world.execute("SELECT pg_reload_conf()")?;
    for name in ["scheduler 1", "worker 1"] {
        world.waits_for(name, "commits wait for a synchronous standby")?;
    }
    let mend = world.finds("synchronous_standby_names is 'gone'")?;
    ensure!(mend.contains("ALTER SYSTEM SET synchronous_standby_names = ''"), "{mend}");
    let said = world.waybill(&["doctor", "--json"])?;
    let diagnosis: Value = serde_json::from_str(&said.out)?;
    for finding in diagnosis["findings"].as_array().into_iter().flatten() {
        let mend = finding["mend"].as_str().unwrap_or_default();
        ensure!(!mend.starts_with("waybill s") && !mend.contains("start more"), "{finding}");
    }
    let status = world.waybill(&["status"])?.ok()?;
    ensure!(status.out.contains("commits wait for a synchronous standby"), "{status:?}");
    world.execute("ALTER SYSTEM RESET synchronous_standby_names")?;
    world.execute("SELECT pg_reload_conf()")?;
    for name in ["scheduler 1", "worker 1"] {
        world.is_ready(name, true)?;
    }
    world.add("B", 40)?;
    world.kill("worker 2")?;
    world.ends()
}

/// Clocks that are apart, by less than what stops a process: somebody is told before that.
#[test]
fn a_clock_that_drifts_is_told_before_it_stops_anything() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    world.wrong_clock("worker 1", 20)?;
    world.spawn("scheduler 1")?;
    world.spawn("worker 1")?;
    let mend = world.finds("s ahead of the database's")?;
    ensure!(mend.contains("set-ntp"), "{mend}");
    world.is_ready("worker 1", true)?;
    let status = world.waybill(&["status"])?.ok()?;
    ensure!(status.out.contains("ahead of the database's"), "{status:?}");
    world.wrong_clock("worker 1", 0)?;
    world.no_longer_finds("ahead of the database's")?;
    eventually("status tells it no more", SOON, || {
        Ok((!world.waybill(&["status"])?.ok()?.out.contains("ahead of")).then_some(()))
    })?;
    world.ends()
}
