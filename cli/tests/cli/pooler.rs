//! A pgbouncer before the database: in session mode everything works, in transaction mode it is refused in one sentence.

use anyhow::{Result, ensure};
use waybill_services::{Pooler, Postgres, RabbitMq};

use crate::cluster::World;

const ROLES: [&str; 3] = ["scheduler 1", "worker 1", "api 1"];

/// What lets through how a session begins.
const LETS: &str = "ignore_startup_parameters = extra_float_digits,options";

#[test]
fn a_pool_of_sessions_works() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let pooler = Pooler::start(
        store.port(),
        "session",
        &[LETS, "default_pool_size = 60", "max_client_conn = 200"],
    )?;
    let host = broker.fresh()?;
    let mut world = World::new(&store, host)?;
    let through = (store.port(), pooler.port());
    for name in ROLES {
        world.reroute(name, through, (broker.port(), broker.port()));
        world.spawn(name)?;
    }
    world.ends()?;
    for name in ROLES {
        world.is_ready(name, true)?;
    }
    let direct = world.store().to_owned();
    let pooled = direct.replace(&format!(":{}/", store.port()), &format!(":{}/", pooler.port()));
    world.moves_to(pooled);
    world.waybill(&["status"])?.ok()?;
    let seen = world.waybill(&["doctor"])?;
    ensure!(!seen.out.contains("bad   store"), "{seen:?}");
    world.kill("worker 1")?;
    world.spawn("worker 1")?;
    world.add("B", 20)?;
    world.ends()
}

#[test]
fn a_pool_of_transactions_is_refused_in_one_sentence() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    let direct = world.store().to_owned();
    let pooled = |pooler: &Pooler| {
        direct.replace(&format!(":{}/", store.port()), &format!(":{}/", pooler.port()))
    };
    let deaf = Pooler::start(store.port(), "session", &[])?;
    let lets = Pooler::start(store.port(), "transaction", &[LETS, "default_pool_size = 20"])?;
    for (pooler, what, code) in
        [(&deaf, "unsupported startup parameter", 2), (&lets, "connection pooler in front of", 1)]
    {
        world.moves_to(pooled(pooler));
        for command in ["scheduler", "worker", "api", "check", "status"] {
            let said = world.waybill(&[command])?;
            let said = said.refused(code, &[what, "session mode"])?;
            ensure!(
                said.err.lines().count() <= 3,
                "more than a sentence and its way out: {said:?}"
            );
        }
        let seen = world.waybill(&["doctor"])?;
        ensure!(seen.code == Some(2), "{seen:?}");
        let told = seen.out.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(told.contains(what) && told.contains("session mode"), "{seen:?}");
    }
    // Nothing is left behind that keeps the direct way.
    world.moves_to(direct);
    world.spawn("scheduler 1")?;
    world.spawn("worker 1")?;
    world.ends()
}
