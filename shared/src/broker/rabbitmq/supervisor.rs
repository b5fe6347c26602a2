//! Keeps one connection: connects to any address that answers, starts consumers, acknowledges, and starts again when
//! the connection, a channel or a consumer fails. The number of attempts is unlimited.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions, ConfirmSelectOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind, Event};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Inner, Item, Link, PATIENCE, failed, mend, message, topology};
use crate::backoff::Backoff;
use crate::broker::{Alarm, BrokerError, Receipt};
use crate::store::Lane;

/// The maximum number of unacknowledged messages of a consumer.
const PREFETCH: u16 = 16;

/// The first pause between attempts to connect; it doubles each time.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const PAUSE_AT_MOST: Duration = Duration::from_secs(5);

/// If a connection lasted longer than this, the next attempt is made at once.
const LASTED: Duration = Duration::from_secs(10);

/// A consumer that receives nothing for this long is started again.
const IDLE: Duration = Duration::from_secs(15);

/// The pause before looking again for a queue that does not exist yet.
const EARLY: Duration = Duration::from_millis(100);

/// The addresses in a URL, as one URL each.
pub(super) fn addresses(url: &str) -> Result<Vec<String>, BrokerError> {
    let no_broker =
        || failed("be identified", "write the URL as amqp(s)://user:password@host[,host]/vhost");
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
    // Heartbeats detect a peer that has vanished silently.
    if !path.contains("heartbeat=") {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str("heartbeat=10");
    }
    Ok(hosts.split(',').map(|host| format!("{scheme}://{user}{host}{path}")).collect())
}

fn properties() -> ConnectionProperties {
    ConnectionProperties::default().with_connection_name("waybill".into())
}

pub(super) async fn try_address(address: &str) -> Result<Connection, lapin::Error> {
    match timeout(PATIENCE, Connection::connect(address, properties())).await {
        Ok(connected) => connected,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

/// The first connection; `None` if no broker can be reached.
pub(super) async fn connect(addresses: &[String]) -> Result<Option<Connection>, BrokerError> {
    for address in addresses {
        match try_address(address).await {
            Ok(connection) => return Ok(Some(connection)),
            Err(error) if matches!(error.kind(), ErrorKind::ProtocolError(_)) => {
                return Err(failed(
                    "accept the login: check user, password and virtual host",
                    error,
                ));
            }
            Err(error) => tracing::warn!(%error, "a broker cannot be reached"),
        }
    }
    Ok(None)
}

/// Runs until the broker is closed.
pub(super) async fn run(
    inner: Arc<Inner>,
    mut first: Option<Connection>,
    mut acknowledgements: mpsc::UnboundedReceiver<Receipt>,
) {
    let (mut number, mut backoff) = (0, Backoff::new(PAUSE, PAUSE_AT_MOST));
    let mut opened = 0;
    for address in inner.addresses.iter().cycle() {
        if inner.is_closed() {
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
                let since = Instant::now();
                tracing::info!(number, "connected to the broker");
                let ended = serve(&inner, &connection, &mut opened, &mut acknowledgements).await;
                inner.link.send_replace(None);
                if since.elapsed() > LASTED {
                    backoff.reset();
                }
                inner.forget();
                // If the connection is already gone, it need not be closed.
                drop(timeout(PATIENCE, connection.close(200, "done".into())).await);
                match ended {
                    Ok(()) => return,
                    Err(error) => {
                        tracing::warn!(%error, "the connection to the broker was lost; connecting again")
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the broker cannot be reached; trying again"),
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

pub(super) async fn ask<T>(
    operation: &'static str,
    request: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match timeout(PATIENCE, request).await {
        Ok(answer) => answer.map_err(|error| failed(operation, error)),
        Err(_) => Err(failed(operation, "it did not answer in time")),
    }
}

/// Serves over `connection` until it fails or the broker is closed. If only a lane fails, the lane is repaired and then
/// served again.
async fn serve(
    inner: &Arc<Inner>,
    connection: &Connection,
    opened: &mut u64,
    acknowledgements: &mut mpsc::UnboundedReceiver<Receipt>,
) -> Result<(), BrokerError> {
    let mut events = Box::pin(connection.events_listener());
    let lost = Arc::new(Notify::new());
    inner.renew.store(true, Ordering::Release);
    // Dropping the set ends the consumers.
    let mut consumers = JoinSet::new();
    let mut channels: HashMap<u64, Open> = HashMap::new();
    loop {
        if inner.renew.swap(false, Ordering::AcqRel) {
            let publishing = ask("open a channel", connection.create_channel()).await?;
            let confirms = publishing.confirm_select(ConfirmSelectOptions::default());
            ask("confirm", confirms).await?;
            // On a new connection, no message from the broker says that an earlier alarm is over.
            if inner.blocked.load(Ordering::Acquire) && mend::takes(&publishing).await.is_ok() {
                inner.blocked.store(false, Ordering::Release);
            }
            let link = Link { publishing, failed: lost.clone() };
            inner.link.send_replace(Some(link));
        }
        // One after the other, so that it is known which queue makes the connection fail.
        for name in inner.undeclared() {
            match mend::declare(connection, &name).await {
                Ok(()) => drop(inner.lock().declared.insert(name)),
                Err(error) => inner.suspect(&name, &error),
            }
            if !connection.status().connected() {
                return Err(failed("keep the connection", "the connection has ended"));
            }
        }
        let mut is_early = false;
        for source in inner.unserved() {
            match set_up(connection, &source.name).await {
                Ok(Some((channel, consumer))) => {
                    *opened += 1;
                    let unacknowledged = Arc::new(AtomicUsize::new(0));
                    let open = Open { channel, unacknowledged: unacknowledged.clone() };
                    channels.insert(*opened, open);
                    inner.lock().served.insert(source.name.clone());
                    let receives =
                        receive(inner.clone(), *opened, source, unacknowledged, consumer);
                    consumers.spawn(receives);
                }
                Ok(None) => is_early = true,
                Err(error) => inner.suspect(&source.name, &error),
            }
            if !connection.status().connected() {
                return Err(failed("keep the connection", "the connection has ended"));
            }
        }
        tokio::select! {
            biased;
            () = inner.wanted.notified() => {
                if inner.is_closed() {
                    while let Ok(receipt) = acknowledgements.try_recv() {
                        acknowledge(&channels, receipt).await;
                    }
                    return Ok(());
                }
            }
            () = lost.notified() => return Err(failed("keep the connection", "a request failed")),
            Some(receipt) = acknowledgements.recv() => acknowledge(&channels, receipt).await,
            event = events.next() => match event {
                Some(Event::ConnectionBlocked(why)) => {
                    tracing::warn!(why, "the broker accepts no messages for now");
                    inner.raise(Alarm::of(&why.to_string()));
                }
                Some(Event::ConnectionUnblocked) => {
                    tracing::info!("the broker accepts messages again");
                    inner.blocked.store(false, Ordering::Release);
                }
                Some(Event::Error(error)) if !connection.status().connected() => {
                    return Err(failed("keep the connection", error));
                }
                Some(_) => {}
                None => return Err(failed("keep the connection", "the connection has ended")),
            },
            Some(ended) = consumers.join_next() => {
                if !connection.status().connected() {
                    return Err(failed("deliver", "the connection has ended"));
                }
                if let Ok(Ended { name, channel, why }) = ended {
                    // Dropping the channel closes it.
                    channels.remove(&channel);
                    inner.lock().served.remove(&name);
                    if let Some(why) = why {
                        inner.suspect(&name, &failed("deliver", why));
                    }
                }
            }
            () = tokio::time::sleep(EARLY), if is_early => {}
        }
    }
}

/// A consumer's channel.
struct Open {
    channel: Channel,
    unacknowledged: Arc<AtomicUsize>,
}

/// Acknowledges a message. If its channel is gone, the broker will deliver it again.
async fn acknowledge(channels: &HashMap<u64, Open>, receipt: Receipt) {
    if let Some(Open { channel, unacknowledged }) = channels.get(&receipt.channel) {
        unacknowledged.fetch_sub(1, Ordering::AcqRel);
        if let Err(error) = channel.basic_ack(receipt.tag, BasicAckOptions::default()).await {
            tracing::debug!(%error, "a message was not acknowledged");
        }
    }
}

/// Starts a consumer of a lane over a new channel, so that a request without an answer blocks no other. `None` if the
/// queue does not exist yet.
async fn set_up(
    connection: &Connection,
    name: &str,
) -> Result<Option<(Channel, lapin::Consumer)>, BrokerError> {
    let channel = ask("open a channel", connection.create_channel()).await?;
    match timeout(PATIENCE, topology::find(&channel, name)).await {
        Ok(Ok(Some(_))) => {}
        Ok(Ok(None)) => return Ok(None),
        Ok(Err(error)) => return Err(failed("find a queue", error)),
        Err(_) => return Err(failed("find a queue", "it did not answer in time")),
    }
    let consumer = consume(&channel, name, PREFETCH).await?;
    Ok(Some((channel, consumer)))
}

/// Starts a consumer that receives at most `window` unacknowledged messages.
pub(super) async fn consume(
    channel: &Channel,
    name: &str,
    window: u16,
) -> Result<lapin::Consumer, BrokerError> {
    ask("set a window", channel.basic_qos(window, BasicQosOptions::default())).await?;
    let options = BasicConsumeOptions::default();
    let consumed = channel.basic_consume(name.into(), "".into(), options, FieldTable::default());
    ask("deliver", consumed).await
}

/// The end of a consumer.
struct Ended {
    name: String,
    channel: u64,
    /// `None` if it received nothing for a long time.
    why: Option<String>,
}

/// Queues deliveries until the consumer ends. The broker may have forgotten a consumer that receives nothing for a long
/// time, so such a consumer ends and is started again.
async fn receive(
    inner: Arc<Inner>,
    channel: u64,
    source: Source,
    unacknowledged: Arc<AtomicUsize>,
    mut consumer: lapin::Consumer,
) -> Ended {
    let ended = |why: Option<String>| Ended { name: source.name.clone(), channel, why };
    loop {
        let delivery = match timeout(IDLE, consumer.next()).await {
            Ok(Some(Ok(delivery))) => delivery,
            Ok(Some(Err(error))) => return ended(Some(error.to_string())),
            Ok(None) => return ended(Some("the broker cancelled the consumer".to_owned())),
            Err(_) if unacknowledged.load(Ordering::Acquire) == 0 => return ended(None),
            Err(_) => continue,
        };
        let ids = message::ids(&delivery);
        let answered = match (ids, &source.lane) {
            // An empty message comes from a process that tested the queue.
            (Some(ids), _) if ids.is_empty() => {
                delivery.acker.ack(BasicAckOptions::default()).await
            }
            (Some(ids), Some((queue, lane))) => {
                let receipt = Some(Receipt { channel, tag: delivery.delivery_tag });
                unacknowledged.fetch_add(1, Ordering::AcqRel);
                let trace = message::trace(&delivery);
                inner.arrived(queue, *lane, Item { ids, receipt, trace });
                continue;
            }
            (_, None) => {
                tracing::warn!("the broker gave up a message; its lots or jobs stay due");
                inner.metrics.dropped(1);
                delivery.acker.ack(BasicAckOptions::default()).await
            }
            (None, Some((queue, _))) => {
                tracing::warn!(%queue, "a message of another version is set aside");
                delivery.acker.reject(BasicRejectOptions { requeue: false }).await
            }
        };
        if let Err(error) = answered {
            return ended(Some(error.to_string()));
        }
    }
}

/// A queue that this process consumes.
struct Source {
    name: String,
    /// `None` for the queue of given-up messages.
    lane: Option<(Arc<str>, Lane)>,
}

impl Inner {
    /// Lanes whose queues this process creates, and has not yet declared over this connection.
    pub(super) fn undeclared(&self) -> Vec<String> {
        let state = self.lock();
        let is_missing =
            |name: &&String| !state.declared.contains(*name) && !state.suspects.contains(*name);
        state.led.iter().filter(is_missing).cloned().collect()
    }

    /// All queues that this process consumes.
    fn sources(&self) -> Vec<Source> {
        let state = self.lock();
        let lanes = state.queues.keys().flat_map(|queue| {
            let source = |lane: &Lane| Source {
                name: topology::name(queue, *lane),
                lane: Some((queue.clone(), *lane)),
            };
            topology::lanes(queue).iter().map(source)
        });
        let dead = Source { name: topology::DEAD.to_owned(), lane: None };
        std::iter::once(dead).chain(lanes).collect()
    }

    /// Those without a consumer that are not being repaired.
    fn unserved(&self) -> Vec<Source> {
        let mut sources = self.sources();
        let state = self.lock();
        let is_open =
            |name: &String| !state.served.contains(name) && !state.suspects.contains(name);
        sources.retain(|source| is_open(&source.name));
        sources
    }

    /// Whether everything that this process takes from has a consumer.
    pub(super) fn is_served(&self) -> bool {
        let sources = self.sources();
        let state = self.lock();
        sources.iter().all(|source| state.served.contains(&source.name))
    }
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
