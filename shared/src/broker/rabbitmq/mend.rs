//! Repairs queues. A broker that is killed while it creates a queue may leave half of one: the name exists, but the
//! queue accepts nothing, delivers nothing, and does not answer requests or closes the connection. Each suspected queue
//! is tested over separate connections. If it keeps failing, the leader deletes and recreates it. Its hints are lost,
//! but what they refer to stays due. Only the leader does this, because two processes that create a queue at once may
//! also break it.
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

/// A queue that fails for longer is recreated.
const REFUSAL: Duration = Duration::from_secs(5);

/// Deleting a queue takes long if the broker waits for nodes that are gone.
const DELETION: Duration = Duration::from_secs(60);

/// The first pause between two attempts; it doubles each time.
const PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two attempts.
const PAUSE_AT_MOST: Duration = Duration::from_secs(5);

/// How long a broker may take to confirm a message that is routed to no queue.
const CONFIRM: Duration = Duration::from_secs(2);

/// A name that no queue has.
const NOWHERE: &str = "waybill.nowhere";

/// Tests whether the broker accepts messages at all. It confirms a message that is routed to no queue, unless an alarm
/// keeps it from reading.
pub(super) async fn takes(channel: &Channel) -> Result<(), BrokerError> {
    // Two messages, because the broker reads the first one of a connection before it blocks the connection.
    for _ in 0..2 {
        let (options, properties) = (BasicPublishOptions::default(), message::properties());
        let publish = channel.basic_publish("".into(), NOWHERE.into(), options, &[], properties);
        let confirmed = timeout(CONFIRM, async { publish.await?.await });
        match confirmed.await {
            Ok(Ok(Confirmation::Ack(_))) => {}
            Ok(Ok(other)) => return Err(failed("accept a message", format!("{other:?}"))),
            Ok(Err(error)) => return Err(failed("accept a message", error)),
            Err(_) => return Err(failed("accept a message", "it sent no confirmation in time")),
        }
    }
    Ok(())
}

/// Like [`takes`], over a new channel.
async fn is_taking(connection: &Connection) -> bool {
    let opened = async {
        let channel = ask("open a channel", connection.create_channel()).await?;
        ask("confirm", channel.confirm_select(ConfirmSelectOptions::default())).await?;
        takes(&channel).await
    };
    opened.await.is_ok()
}

/// The longest time to wait for the connection to close.
const FAREWELL: Duration = Duration::from_secs(1);

/// Declares a queue over a new channel.
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
        // If the broker lacks memory or disk, the queue is not at fault.
        if !inner.blocked.load(Ordering::Acquire)
            && let Ok(connection) = try_address(address).await
        {
            let leads = inner.lock().led.contains(&name);
            // If the broker accepts nothing at all, the queue is not at fault either, even if the broker has not
            // reported an alarm.
            if leads
                && failing.is_some_and(|since| since.elapsed() > REFUSAL)
                && is_taking(&connection).await
            {
                tracing::warn!(queue = name, "a queue keeps failing and is created again");
                match delete(&connection, &name).await {
                    Ok(()) => failing = None,
                    Err(error) => {
                        tracing::warn!(queue = name, %error, "a failing queue could not be deleted")
                    }
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
    // The old channel still remembers the nodes of the deleted queue.
    inner.renew.store(true, Ordering::Release);
    inner.wanted.notify_one();
}

/// Tests whether a queue accepts and delivers messages, which needs the agreement of its nodes. The leader creates it
/// if necessary.
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
    // Whatever is delivered returns to the queue when this connection closes.
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
