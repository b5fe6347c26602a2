//! How a process ends, and what does not end it: streams end with it in order, SIGHUP reads again and ends nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use waybill_services::{Postgres, RabbitMq};

use crate::cluster::World;
use crate::support::{SOON, eventually};

/// A stream of events that has begun.
fn stream(address: &str) -> Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        stream,
        "GET /v1/events?after=0 HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n\r\n"
    )?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while !line.starts_with("data: ") {
        line.clear();
        ensure!(stream.read_line(&mut line)? > 0, "the stream ended before it began");
    }
    Ok(stream)
}

#[test]
fn streams_end_in_order_when_the_process_does() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    for name in ["scheduler 1", "worker 1", "api 1"] {
        world.spawn(name)?;
    }
    world.ends()?;
    world.is_ready("api 1", true)?;
    let address = world.address("api 1")?;
    let streams = (0..3).map(|_| stream(&address)).collect::<Result<Vec<_>>>()?;
    world.signal("api 1", "-TERM")?;
    for mut stream in streams {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).context("the stream was cut off")?;
        ensure!(rest.ends_with(b"0\r\n\r\n"), "the stream was not ended: {rest:?}");
    }
    for name in ["api 1", "worker 1", "scheduler 1"] {
        if name != "api 1" {
            world.signal(name, "-TERM")?;
        }
        world.ended(name)?;
    }
    Ok(())
}

#[test]
fn a_hangup_reads_again_and_ends_nothing() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    world.state("")?;
    const ROLES: [&str; 3] = ["scheduler 1", "worker 1", "api 1"];
    for name in ROLES {
        world.spawn(name)?;
        // As early as it may come.
        eventually("it runs", SOON, || Ok((!world.log(name).is_empty()).then_some(())))?;
        world.signal(name, "-HUP")?;
    }
    for name in ROLES {
        world.is_ready(name, true)?;
        world.signal(name, "-HUP")?;
    }
    eventually("it is read again", SOON, || {
        Ok(world.log("scheduler 1").contains("the pipeline was read again").then_some(()))
    })?;
    world.ends()?;
    for name in ROLES {
        world.kill(name)?;
    }
    Ok(())
}
