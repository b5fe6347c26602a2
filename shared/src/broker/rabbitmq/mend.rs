//! Mends queues. A broker that is killed while it makes a queue may leave half of one: it is known
//! by name, but takes nothing, gives nothing and answers no request, or closes the connection that
//! asks. Each suspect is tried over connections of its own; who leads deletes one that goes on
//! failing, and makes it anew: it held hints, which stay due. It is one process that does, as two
//! that make a queue at once may break it too.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeleteOptions};
use lapin::{Channel, Confirmation, Connection};
use tokio::time::timeout;

use super::supervisor::{ask, consume, try_address};
use super::{Inner, failed, message, topology};
use crate::backoff::Backoff;
use crate::broker::BrokerError;

/// A queue that fails for longer is made anew.
const REFUSAL: Duration = Duration::from_secs(5);

/// Nodes that are gone are waited for by the broker before it deletes a queue without them.
const DELETION: Duration = Duration::from_secs(60);

/// Between two tries, at first; then twice that, and so on.
const PAUSE: Duration = Duration::from_millis(250);

/// Between two tries at most.
const PAUSE_AT_MOST: Duration = Duration::from_secs(5);

/// How long a broker may take to confirm a message that is for no queue.
const CONFIRM: Duration = Duration::from_secs(2);

/// Where no queue is.
const NOWHERE: &str = "waybill.nowhere";

/// Whether the broker takes messages at all: it confirms what is for no queue, unless an alarm keeps it from reading.
pub(super) async fn takes(channel: &Channel) -> Result<(), BrokerError> {
    // It reads the first message of a connection before it blocks that.
    for _ in 0..2 {
        let (options, properties) = (BasicPublishOptions::default(), message::properties());
        let publish = channel.basic_publish("".into(), NOWHERE.into(), options, &[], properties);
        let confirmed = timeout(CONFIRM, async { publish.await?.await });
        match confirmed.await {
            Ok(Ok(Confirmation::Ack(_))) => {}
            Ok(Ok(other)) => return Err(failed("take a message", format!("{other:?}"))),
            Ok(Err(error)) => return Err(failed("take a message", error)),
            Err(_) => return Err(failed("take a message", "it confirmed none in time")),
        }
    }
    Ok(())
}

/// The same, over a channel of its own.
async fn is_taking(connection: &Connection) -> bool {
    let opened = async {
        let channel = ask("open a channel", connection.create_channel()).await?;
        ask("confirm", channel.confirm_select(ConfirmSelectOptions::default())).await?;
        takes(&channel).await
    };
    opened.await.is_ok()
}

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Declares a queue, over a channel of its own.
pub(super) async fn declare(connection: &Connection, name: &str) -> Result<(), BrokerError> {
    let channel = ask("open a channel", connection.create_channel()).await?;
    ask("declare a queue", topology::declare(&channel, name)).await?;
    ask("close a channel", channel.close(200, "done".into())).await
}

/// Returns once the queue works, or this broker is closed.
pub(super) async fn mend(inner: Arc<Inner>, name: String) {
    let mut failing: Option<Instant> = None;
    let mut backoff = Backoff::new(PAUSE, PAUSE_AT_MOST);
    for address in inner.addresses.iter().cycle() {
        if inner.is_closed() {
            return;
        }
        // A broker without memory or disk is no queue's fault.
        if !inner.blocked.load(Ordering::Acquire)
            && let Ok(connection) = try_address(address).await
        {
            let leads = inner.lock().led.contains(&name);
            // One that takes nothing at all is no queue's fault either, whether or not it has said so.
            if leads
                && failing.is_some_and(|since| since.elapsed() > REFUSAL)
                && is_taking(&connection).await
            {
                tracing::warn!(queue = name, "a queue goes on failing: it is made anew");
                match delete(&connection, &name).await {
                    Ok(()) => failing = None,
                    Err(error) => tracing::warn!(queue = name, %error, "it could not be deleted"),
                }
            }
            let tried = probe(&connection, &name, leads).await;
            drop(timeout(FAREWELL, connection.close(200, "done".into())).await);
            match tried {
                Ok(()) => break,
                Err(error) => {
                    tracing::debug!(queue = name, %error, "a queue still fails");
                    failing.get_or_insert_with(Instant::now);
                }
            }
        }
        tokio::time::sleep(backoff.pause()).await;
    }
    tracing::info!(queue = name, "a queue works again");
    inner.lock().suspects.remove(&name);
    // A channel remembers the nodes of a queue that is no more.
    inner.renew.store(true, Ordering::Release);
    inner.wanted.notify_one();
}

/// Whether a queue takes and gives: its nodes have agreed to both. Who leads makes it if need be.
async fn probe(connection: &Connection, name: &str, leads: bool) -> Result<(), BrokerError> {
    let channel = ask("open a channel", connection.create_channel()).await?;
    ask("confirm", channel.confirm_select(ConfirmSelectOptions::default())).await?;
    if leads {
        ask("declare a queue", topology::declare(&channel, name)).await?;
    }
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let body = message::body(&[]);
    let properties = message::properties();
    let publish = channel.basic_publish("".into(), name.into(), options, &body, properties);
    match ask("confirm", ask("publish", publish).await?).await? {
        Confirmation::Ack(None) => {}
        other => return Err(failed("publish", format!("{other:?}"))),
    }
    // What comes goes back with this connection.
    consume(&channel, name, 1).await.map(drop)
}

async fn delete(connection: &Connection, name: &str) -> Result<(), BrokerError> {
    let channel = ask("open a channel", connection.create_channel()).await?;
    let delete = channel.queue_delete(name.into(), QueueDeleteOptions::default());
    match timeout(DELETION, delete).await {
        Ok(deleted) => deleted.map(drop).map_err(|error| failed("delete a queue", error)),
        Err(_) => Err(failed("delete a queue", "it did not answer in time")),
    }
}
