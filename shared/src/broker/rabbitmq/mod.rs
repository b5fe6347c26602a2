//! The broker on RabbitMQ. A supervisor keeps one connection, and makes a new one whenever the old one fails. Hints
//! that are lost meanwhile stay due in the store.

mod look;
mod mend;
mod message;
mod supervisor;
mod topology;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;

use super::lanes::{self, Lanes, Look, Precedence};
use super::{Alarm, Broker, BrokerError, Claimed, QueueSeen, Receipt, Track};
use crate::metrics::Metrics;
use crate::store::{Hint, Lane};
use crate::trace;

/// The maximum number of untaken hints in a lane.
const WINDOW: usize = 2048;

/// The maximum number of hints of a queue that this process keeps for itself.
const KEPT: usize = 512;

/// The longest time for one request to the broker.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait for a connection that is being made.
const LINKED: Duration = Duration::from_secs(1);

/// The shortest time before a published hint is published again. It doubles each time.
const REPEAT: Duration = Duration::from_secs(3);

/// The longest time between two repeats.
const REPEAT_AT_MOST: Duration = Duration::from_secs(60);

/// The number of published hints above which old ones are forgotten.
const REMEMBERED: usize = 200_000;

/// The broker on RabbitMQ. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RabbitBroker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// One URL for each address.
    addresses: Vec<String>,
    state: Mutex<State>,
    link: watch::Sender<Option<Link>>,
    /// Messages to be acknowledged.
    done: mpsc::UnboundedSender<Receipt>,
    /// Set when publishing has to continue over a new channel.
    renew: AtomicBool,
    /// Notified when there may be a lane to take from.
    wanted: Notify,
    closed: AtomicBool,
    /// The broker accepts no messages, for lack of memory or disk.
    blocked: AtomicBool,
    /// The last alarm that the broker reported.
    alarm: Mutex<Alarm>,
    metrics: Arc<Metrics>,
}

/// The current connection.
#[derive(Debug, Clone)]
struct Link {
    publishing: Channel,
    failed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// Hints that have arrived and are not yet taken.
    queues: HashMap<Arc<str>, Lanes<Item>>,
    precedence: Precedence,
    /// Lanes whose queues this process creates.
    led: Vec<String>,
    /// Those of `led` that have been declared over the current connection.
    declared: HashSet<String>,
    depths: HashMap<String, Depth>,
    /// Lanes that have a consumer.
    served: HashSet<String>,
    /// Lanes whose queue failed and is being repaired.
    suspects: HashSet<String>,
    /// Published hints, by queue and number.
    published: HashMap<(Arc<str>, i64), Published>,
}

impl State {
    /// Forgets that these were published, because publishing failed.
    fn take_back(&mut self, hints: impl IntoIterator<Item = Hint>) {
        for hint in hints {
            self.published.remove(&(hint.queue, hint.id));
        }
    }
}

/// A hint that was published.
#[derive(Debug, Clone, Copy)]
struct Published {
    due: i64,
    at: Instant,
    tries: u32,
}

impl Published {
    /// The remaining time before the hint may be published again.
    fn pause(&self, now: Instant) -> Duration {
        let pause = REPEAT.saturating_mul(1 << self.tries.min(5));
        pause.min(REPEAT_AT_MOST).saturating_sub(now - self.at)
    }
}

/// Hints that wait in this process.
#[derive(Debug)]
struct Item {
    ids: Vec<i64>,
    /// `None` if this process kept the hints for itself, so that there is no message.
    receipt: Option<Receipt>,
    trace: Option<String>,
}

/// An estimate of how much waits in a lane.
#[derive(Debug, Default, Clone, Copy)]
struct Depth {
    hints: usize,
    /// The recent number of hints in a message.
    per_message: usize,
}

fn failed(operation: &'static str, why: impl std::fmt::Display) -> BrokerError {
    BrokerError::Failed { operation, why: why.to_string() }
}

impl RabbitBroker {
    /// Connects to the broker at `url`, `amqp(s)://user:password@host[:port],host[:port]/vhost`. If it cannot be
    /// reached, the attempts go on without limit.
    ///
    /// # Errors
    /// [`BrokerError`] if the URL is not one of a broker, or the broker refuses the user or the virtual host.
    pub async fn open(url: &str, metrics: Arc<Metrics>) -> Result<Self, BrokerError> {
        let addresses = supervisor::addresses(url)?;
        let (done, acknowledgements) = mpsc::unbounded_channel();
        let inner = Arc::new(Inner {
            addresses,
            state: Mutex::default(),
            link: watch::Sender::new(None),
            done,
            renew: AtomicBool::new(false),
            wanted: Notify::new(),
            closed: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            alarm: Mutex::new(Alarm::Either),
            metrics,
        });
        let first = supervisor::connect(&inner.addresses).await?;
        tokio::spawn(supervisor::run(inner.clone(), first, acknowledgements));
        Ok(Self { inner })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.lock()
    }

    fn link(&self) -> Result<Link, BrokerError> {
        if self.inner.blocked.load(Ordering::Acquire) {
            return Err(BrokerError::Blocked(self.inner.alarm()));
        }
        self.inner.link.borrow().clone().ok_or(BrokerError::Disconnected)
    }

    /// Waits for `request`. If it fails or takes too long, the connection is given up.
    async fn ask<T>(
        link: &Link,
        operation: &'static str,
        request: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, BrokerError> {
        let answer = timeout(PATIENCE, request).await;
        let answer = answer.map_err(|_| failed(operation, "it did not answer in time"));
        let answer = answer.and_then(|answer| answer.map_err(|error| failed(operation, error)));
        if answer.is_err() {
            link.failed.notify_one();
        }
        answer
    }

    /// Publishes hints of one lane.
    async fn put(&self, link: &Link, name: &str, hints: &[Hint]) -> Result<(), BrokerError> {
        if self.lock().suspects.contains(name) {
            return Err(failed("publish", format!("{name} is being repaired")));
        }
        if !self.lock().declared.contains(name) {
            return Err(failed("publish", format!("{name} is not declared yet")));
        }
        let mut confirms = Vec::new();
        let together = hints.first().map_or(1, |hint| message::hints(&hint.queue));
        for chunk in hints.chunks(together) {
            let ids: Vec<i64> = chunk.iter().map(|hint| hint.id).collect();
            let body = message::body(&ids);
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let publish = link.publishing.basic_publish(
                "".into(),
                name.into(),
                options,
                &body,
                message::properties(),
            );
            confirms.push(Self::ask(link, "publish", publish).await?);
        }
        let messages = confirms.len();
        for confirm in confirms {
            let why = match timeout(PATIENCE, confirm).await {
                Ok(Ok(Confirmation::Ack(None))) => continue,
                Ok(Ok(Confirmation::Ack(Some(_)))) => format!("there is no queue {name}"),
                Ok(Ok(other)) => format!("{name}: {other:?}"),
                Ok(Err(error)) => {
                    link.failed.notify_one();
                    return Err(failed("publish", error));
                }
                Err(_) => format!("{name}: no confirmation in time"),
            };
            let error = failed("publish", why);
            if !self.inner.blocked.load(Ordering::Acquire) {
                self.inner.suspect(name, &error);
            }
            return Err(error);
        }
        let mut state = self.lock();
        let depth = state.depths.entry(name.to_owned()).or_default();
        depth.hints += hints.len();
        depth.per_message = hints.len().div_ceil(messages.max(1));
        Ok(())
    }
}

impl Inner {
    /// Records that the broker accepts nothing because of this alarm.
    fn raise(&self, alarm: Alarm) {
        *self.alarm.lock().unwrap_or_else(PoisonError::into_inner) = alarm;
        self.blocked.store(true, Ordering::Release);
    }

    /// The last alarm that the broker reported.
    fn alarm(&self) -> Alarm {
        *self.alarm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ignores poisoning: hints are not authoritative.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Stops publishing to a failed queue until it is repaired, and starts the repair.
    fn suspect(self: &Arc<Self>, name: &str, error: &BrokerError) {
        let is_new = {
            let mut state = self.lock();
            state.declared.remove(name);
            state.suspects.insert(name.to_owned())
        };
        if is_new {
            tracing::warn!(queue = name, %error, "a queue failed and is being repaired");
            tokio::spawn(mend::mend(self.clone(), name.to_owned()));
        }
    }

    /// Queues the hints of a message.
    fn arrived(&self, queue: &Arc<str>, lane: Lane, item: Item) {
        if let Some(queue) = self.lock().queues.get_mut(queue) {
            queue.push(lane, item);
        }
    }

    /// Forgets what arrived over a lost connection. The broker delivers it again.
    fn forget(&self) {
        let mut state = self.lock();
        state.declared.clear();
        state.served.clear();
        state.depths.clear();
        state.queues.values_mut().for_each(Lanes::clear);
    }
}

#[async_trait]
impl Broker for RabbitBroker {
    fn window(&self) -> usize {
        WINDOW
    }

    fn lead(&self, lanes: &[(Arc<str>, Lane)]) {
        let mut led: Vec<String> =
            lanes.iter().map(|(queue, lane)| topology::name(queue, *lane)).collect();
        if !led.is_empty() {
            led.insert(0, topology::DEAD.to_owned());
        }
        self.lock().led = led;
        self.inner.wanted.notify_one();
    }

    async fn untaken(&self, queue: &Arc<str>, lane: Lane) -> Result<usize, BrokerError> {
        let name = topology::name(queue, lane);
        let known = self.lock().depths.get(&name).copied().unwrap_or_default();
        if known.hints < WINDOW / 2 {
            return Ok(known.hints);
        }
        // Only the broker knows how much was taken since.
        let link = self.link()?;
        let declared = topology::declare(&link.publishing, &name);
        let messages = Self::ask(&link, "count", declared).await? as usize;
        let hints = messages * known.per_message.max(1);
        self.lock().depths.insert(name, Depth { hints, ..known });
        Ok(hints)
    }

    async fn publish(&self, hints: Vec<Hint>) -> Result<(), BrokerError> {
        let now = Instant::now();
        let mut by_lane: HashMap<String, Vec<Hint>> = HashMap::new();
        {
            let mut state = self.lock();
            if state.published.len() > REMEMBERED {
                state.published.retain(|_, known| now - known.at < REPEAT_AT_MOST);
            }
            for hint in hints {
                // With another due time it is a different hint.
                let known = state.published.get(&(hint.queue.clone(), hint.id));
                let known = known.filter(|known| known.due == hint.due);
                let pause = known.map_or(Duration::ZERO, |known| known.pause(now));
                if pause.is_zero() {
                    // Recorded at once, so that no other caller publishes it meanwhile.
                    let tries = known.map_or(0, |known| known.tries + 1);
                    let published = Published { due: hint.due, at: now, tries };
                    state.published.insert((hint.queue.clone(), hint.id), published);
                    let name = topology::name(&hint.queue, hint.lane);
                    by_lane.entry(name).or_default().push(hint);
                }
            }
        }
        if by_lane.is_empty() {
            return Ok(());
        }
        let link = match self.link() {
            Ok(link) => link,
            Err(error) => {
                self.lock().take_back(by_lane.into_values().flatten());
                return Err(error);
            }
        };
        let mut outcome = Ok(());
        for (name, hints) in by_lane {
            if let Err(error) = self.put(&link, &name, &hints).await {
                // A lane that fails does not keep the others waiting.
                outcome = Err(error);
                self.lock().take_back(hints);
                continue;
            }
            let lag = hints
                .last()
                .map_or(0, |hint| chrono::Utc::now().timestamp_millis().saturating_sub(hint.due));
            let lag = Duration::from_millis(lag.try_into().unwrap_or(0));
            self.inner.metrics.published(hints.len(), lag);
        }
        outcome
    }

    fn keep(&self, hints: Vec<Hint>) -> Vec<Hint> {
        let mut left = Vec::new();
        let trace = trace::current();
        let mut state = self.lock();
        if self.is_closed() {
            return hints;
        }
        let mut kept: HashMap<(Arc<str>, Lane), Vec<i64>> = HashMap::new();
        for hint in hints {
            match state.queues.get(&hint.queue) {
                Some(queue) if queue.len(hint.lane) < KEPT / message::HINTS => {
                    kept.entry((hint.queue, hint.lane)).or_default().push(hint.id);
                }
                Some(_) | None => left.push(hint),
            }
        }
        for ((queue, lane), ids) in kept {
            if let Some(queue) = state.queues.get_mut(&queue) {
                queue.push(lane, Item { ids, receipt: None, trace: trace.clone() });
            }
        }
        left
    }

    fn attend(&self, queue: &Arc<str>) {
        self.lock().queues.entry(queue.clone()).or_default();
        self.inner.wanted.notify_one();
    }

    fn is_ready(&self) -> bool {
        let is_linked = self.inner.link.borrow().is_some();
        let is_whole = self.lock().suspects.is_empty();
        is_linked && is_whole && self.inner.undeclared().is_empty() && self.inner.is_served()
    }

    fn trouble(&self) -> Option<String> {
        if self.inner.blocked.load(Ordering::Acquire) {
            return Some(BrokerError::Blocked(self.inner.alarm()).to_string());
        }
        if self.inner.link.borrow().is_none() {
            return Some(BrokerError::Disconnected.to_string());
        }
        let suspects: Vec<String> = self.lock().suspects.iter().cloned().collect();
        if !suspects.is_empty() {
            return Some(format!("queues failed and are being repaired: {}", suspects.join(", ")));
        }
        let is_whole = self.inner.undeclared().is_empty() && self.inner.is_served();
        (!is_whole)
            .then(|| "queues do not exist yet: the leading scheduler creates them".to_owned())
    }

    async fn probe(&self) -> Result<(), BrokerError> {
        // Tests it even if the broker is known to be blocked, because the block may be over.
        let mut links = self.inner.link.subscribe();
        let linked = timeout(LINKED, links.wait_for(Option::is_some)).await;
        let link =
            linked.ok().and_then(|link| link.ok()?.clone()).ok_or(BrokerError::Disconnected)?;
        let taken = mend::takes(&link.publishing).await;
        let is_blocked = self.inner.blocked.load(Ordering::Acquire);
        match taken {
            Ok(()) => {
                self.inner.blocked.store(false, Ordering::Release);
                Ok(())
            }
            Err(_) if is_blocked => Err(BrokerError::Blocked(self.inner.alarm())),
            Err(error) => Err(error),
        }
    }

    async fn take(&self, name: &Arc<str>, track: Track, most: usize) -> Option<Claimed> {
        lanes::take(|waits| {
            let mut guard = self.lock();
            let state = &mut *guard;
            if self.is_closed() {
                return Look::Closed;
            }
            let before = state.precedence.before(track, waits, state.queues.values());
            let waiting = state.queues.entry(name.clone()).or_default();
            if waiting.is_empty(track) {
                return Look::Nothing(waiting.arrival(track));
            }
            if let Some(before) = before {
                return before;
            }
            let mut room = state.precedence.batch(track, most);
            let items = waiting.take(track, |item| {
                let fits = item.ids.len() <= room;
                room = room.saturating_sub(item.ids.len());
                fits
            });
            let trace = items.iter().find_map(|item| item.trace.clone());
            let receipts = items.iter().filter_map(|item| item.receipt).collect();
            let ids: Vec<i64> = items.into_iter().flat_map(|item| item.ids).collect();
            state.precedence.takes(track, ids.len());
            Look::Claimed(Claimed { queue: name.clone(), ids, track, turn: None, trace, receipts })
        })
        .await
    }

    async fn look(
        &self,
        lanes: &[(Arc<str>, Lane)],
    ) -> Result<Option<Vec<QueueSeen>>, BrokerError> {
        look::look(&self.inner.addresses, lanes).await.map(Some)
    }

    fn acknowledge(&self, taken: Claimed) {
        {
            let mut state = self.lock();
            state.precedence.ends(taken.track, taken.ids.len());
            if !state.published.is_empty() {
                // What was looked at may be due again.
                for id in &taken.ids {
                    state.published.remove(&(taken.queue.clone(), *id));
                }
            }
        }
        drop(taken.turn);
        for receipt in taken.receipts {
            // If the supervisor has ended, there is no connection over which to acknowledge.
            self.inner.done.send(receipt).ok();
        }
    }

    fn close(&self) {
        self.inner.closed.store(true, Ordering::Release);
        self.lock().queues.values().for_each(Lanes::wake);
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    async fn disconnect(&self) {
        self.close();
        self.inner.wanted.notify_one();
        let mut link = self.inner.link.subscribe();
        // Waits until the supervisor has acknowledged everything and closed the connection.
        drop(timeout(PATIENCE, link.wait_for(Option::is_none)).await);
    }
}
