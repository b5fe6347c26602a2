//! Keeps one connection: connects to whichever address answers, starts consumers, acknowledges, and
//! begins again when the connection, a channel or a consumer fails. Without a limit on attempts.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, ConfirmSelectOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind, Event};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Inner, Item, Link, PATIENCE, failed, message, topology};
use crate::broker::{BrokerError, Receipt};
use crate::store::Lane;

/// Messages that a consumer holds at most.
const PREFETCH: u16 = 8;

/// Pauses between attempts to connect: from this, doubled each time.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const PAUSE_AT_MOST: Duration = Duration::from_secs(2);

/// The addresses in a URL, a URL each.
pub(super) fn addresses(url: &str) -> Result<Vec<String>, BrokerError> {
    let no_broker = || failed("be named", "write amqp(s)://user:password@host[,host]/vhost");
    let (scheme, rest) = url.split_once("://").ok_or_else(no_broker)?;
    if !matches!(scheme, "amqp" | "amqps") {
        return Err(no_broker());
    }
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (format!("{user}@"), place),
        None => (String::new(), rest),
    };
    let (hosts, mut path) = match place.find(['/', '?']) {
        Some(at) => (&place[..at], place[at..].to_owned()),
        None => (place, String::new()),
    };
    // A peer that is silently gone is noticed by its heartbeats.
    if !path.contains("heartbeat=") {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str("heartbeat=10");
    }
    Ok(hosts.split(',').map(|host| format!("{scheme}://{user}{host}{path}")).collect())
}

fn properties() -> ConnectionProperties {
    ConnectionProperties::default().with_connection_name("waybill".into())
}

async fn try_address(address: &str) -> Result<Connection, lapin::Error> {
    match timeout(PATIENCE, Connection::connect(address, properties())).await {
        Ok(connected) => connected,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

/// The first connection, if there is a broker.
pub(super) async fn connect(addresses: &[String]) -> Result<Option<Connection>, BrokerError> {
    for address in addresses {
        match try_address(address).await {
            Ok(connection) => return Ok(Some(connection)),
            Err(error) if matches!(error.kind(), ErrorKind::ProtocolError(_)) => {
                return Err(failed("be entered: check user, password and virtual host", error));
            }
            Err(error) => tracing::warn!(%error, "a broker cannot be reached"),
        }
    }
    Ok(None)
}

/// Runs until the broker is closed.
pub(super) async fn run(
    inner: Arc<Inner>,
    addresses: Vec<String>,
    mut first: Option<Connection>,
    mut acknowledgements: mpsc::UnboundedReceiver<Receipt>,
) {
    let (mut number, mut pause) = (0, PAUSE);
    for address in addresses.iter().cycle() {
        if inner.closed.load(Ordering::Acquire) {
            return;
        }
        let connected = match first.take() {
            Some(connection) => Ok(connection),
            None => try_address(address).await,
        };
        match connected {
            Ok(connection) => {
                number += 1;
                if number > 1 {
                    inner.metrics.reconnected();
                }
                pause = PAUSE;
                tracing::info!(number, "connected to the broker");
                let ended = serve(&inner, &connection, number, &mut acknowledgements).await;
                inner.link.send_replace(None);
                inner.blocked.store(false, Ordering::Release);
                inner.forget();
                // A connection that is gone needs no farewell.
                drop(timeout(PATIENCE, connection.close(200, "done".into())).await);
                match ended {
                    Ok(()) => return,
                    Err(error) => tracing::warn!(%error, "the broker was lost; connecting again"),
                }
            }
            Err(error) => tracing::warn!(%error, "the broker cannot be reached; trying again"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_AT_MOST);
    }
}

async fn ask<T>(
    act: &'static str,
    request: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match timeout(PATIENCE, request).await {
        Ok(answer) => answer.map_err(|error| failed(act, error)),
        Err(_) => Err(failed(act, "it did not answer in time")),
    }
}

/// Serves over `connection` until something about it fails, or the broker is closed.
async fn serve(
    inner: &Arc<Inner>,
    connection: &Connection,
    number: u64,
    acknowledgements: &mut mpsc::UnboundedReceiver<Receipt>,
) -> Result<(), BrokerError> {
    let mut events = Box::pin(connection.events_listener());
    let publishing = ask("open a channel", connection.create_channel()).await?;
    let confirms = publishing.confirm_select(ConfirmSelectOptions::default());
    ask("confirm", confirms).await?;
    let consuming = ask("open a channel", connection.create_channel()).await?;
    ask("set a window", consuming.basic_qos(PREFETCH, BasicQosOptions::default())).await?;
    ask("declare", topology::declare_dead(&consuming)).await?;
    let lost = Arc::new(Notify::new());
    inner.link.send_replace(Some(Link { publishing, failed: lost.clone() }));
    // Consumers end with this function.
    let mut consumers = JoinSet::new();
    consumers.spawn(count_dead(inner.clone(), consuming.clone()));
    let mut served: HashSet<Arc<str>> = HashSet::new();
    loop {
        let wanted: Vec<Arc<str>> = inner.lock().queues.keys().cloned().collect();
        for queue in wanted {
            if !served.insert(queue.clone()) {
                continue;
            }
            for lane in topology::lanes(&queue) {
                let name = topology::name(&queue, *lane);
                ask("declare a queue", topology::declare(&consuming, &name)).await?;
                let consumer = consume(&consuming, &name).await?;
                consumers.spawn(receive(inner.clone(), number, queue.clone(), *lane, consumer));
            }
        }
        tokio::select! {
            biased;
            () = inner.wanted.notified() => {
                if inner.closed.load(Ordering::Acquire) {
                    while let Ok(receipt) = acknowledgements.try_recv() {
                        acknowledge(&consuming, number, receipt).await?;
                    }
                    return Ok(());
                }
            }
            () = lost.notified() => return Err(failed("go on", "a request failed")),
            Some(receipt) = acknowledgements.recv() => {
                acknowledge(&consuming, number, receipt).await?;
            }
            Some(ended) = consumers.join_next() => {
                let why = ended.unwrap_or_else(|error| error.to_string());
                return Err(failed("deliver", why));
            }
            event = events.next() => match event {
                Some(Event::ConnectionBlocked(why)) => {
                    tracing::warn!(why, "the broker takes nothing for now");
                    inner.blocked.store(true, Ordering::Release);
                }
                Some(Event::ConnectionUnblocked) => {
                    tracing::info!("the broker takes messages again");
                    inner.blocked.store(false, Ordering::Release);
                }
                Some(Event::Error(error)) => return Err(failed("go on", error)),
                Some(_) => {}
                None => return Err(failed("go on", "the connection has ended")),
            },
        }
    }
}

async fn acknowledge(channel: &Channel, number: u64, receipt: Receipt) -> Result<(), BrokerError> {
    if receipt.channel != number {
        // It came over an earlier connection: the broker delivers it again.
        return Ok(());
    }
    ask("acknowledge", channel.basic_ack(receipt.tag, BasicAckOptions::default())).await
}

async fn consume(channel: &Channel, name: &str) -> Result<lapin::Consumer, BrokerError> {
    let options = BasicConsumeOptions::default();
    let consumed = channel.basic_consume(name.into(), "".into(), options, FieldTable::default());
    ask("deliver", consumed).await
}

/// Queues what is delivered; returns why that has ended.
async fn receive(
    inner: Arc<Inner>,
    number: u64,
    queue: Arc<str>,
    lane: Lane,
    mut consumer: lapin::Consumer,
) -> String {
    while let Some(delivered) = consumer.next().await {
        let delivery = match delivered {
            Ok(delivery) => delivery,
            Err(error) => return error.to_string(),
        };
        let receipt = Receipt { channel: number, tag: delivery.delivery_tag };
        match message::ids(&delivery) {
            Some(ids) => inner.arrived(&queue, lane, Item { ids, receipt: Some(receipt) }),
            None => {
                tracing::warn!(%queue, "a message of another version is put aside");
                let aside = lapin::options::BasicRejectOptions { requeue: false };
                if let Err(error) = delivery.acker.reject(aside).await {
                    return error.to_string();
                }
            }
        }
    }
    format!("the broker cancelled the consumer of {queue}")
}

/// Counts and drops what was delivered too often or could not be read; returns why that has ended.
async fn count_dead(inner: Arc<Inner>, channel: Channel) -> String {
    let mut consumer = match consume(&channel, topology::DEAD).await {
        Ok(consumer) => consumer,
        Err(error) => return error.to_string(),
    };
    while let Some(delivered) = consumer.next().await {
        let delivery = match delivered {
            Ok(delivery) => delivery,
            Err(error) => return error.to_string(),
        };
        tracing::warn!("the broker gave a message up; what it hinted at stays due");
        inner.metrics.dropped(1);
        if let Err(error) = delivery.acker.ack(BasicAckOptions::default()).await {
            return error.to_string();
        }
    }
    "the broker cancelled a consumer".to_owned()
}

#[cfg(test)]
mod tests {
    use super::addresses;

    #[test]
    fn a_url_names_one_or_several_addresses() {
        assert_eq!(
            addresses("amqp://u:p@a:1,b:2/v").expect("a URL"),
            ["amqp://u:p@a:1/v?heartbeat=10", "amqp://u:p@b:2/v?heartbeat=10"]
        );
        assert_eq!(addresses("amqps://a?heartbeat=3").expect("a URL"), ["amqps://a?heartbeat=3"]);
        assert!(addresses("http://a").is_err() && addresses("a").is_err());
    }
}
