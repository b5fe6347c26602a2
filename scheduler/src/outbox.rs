//! Publishes what is due. What a commit makes due is published at once; the rest comes from the
//! store as soon as there is room for it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tracing::Instrument as _;
use waybill_shared::broker::BrokerError;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::{Engine, Wakes};
use waybill_shared::store::{Hint, Lane, StoreError, Wanted};

/// How often the relay checks whether a full lane has room.
const ROOM: Duration = Duration::from_millis(2);

/// The longest real time between two looks into the store.
const LOOK: Duration = Duration::from_secs(1);

/// How long to wait after the broker or the store failed.
const REST: Duration = Duration::from_millis(100);

/// A failure that ends sooner is not logged.
const MOMENT: Duration = Duration::from_secs(1);

/// The most messages from other processes that are published together.
const TOLD: usize = 1024;

/// How often a lasting failure is logged again.
const REMIND: Duration = Duration::from_secs(10);

/// The shortest time between two looks into the store when something is due soon.
const CALM: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) engine: Engine,
    /// Every lane of every queue; `None` for queues of jobs, which have a single lane.
    pub(crate) lanes: Vec<(Arc<str>, Option<Lane>)>,
    /// Lanes in which something due was not published because there was no room.
    behind: Mutex<HashSet<(Arc<str>, Lane)>>,
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("the relay could not read what is due")]
    Store(#[from] StoreError),
    #[error("the relay could not publish")]
    Broker(#[from] BrokerError),
}

impl Outbox {
    pub(crate) fn new(engine: Engine, lanes: Vec<(Arc<str>, Option<Lane>)>) -> Self {
        Self { engine, lanes, behind: Mutex::default() }
    }

    fn behind(&self) -> MutexGuard<'_, HashSet<(Arc<str>, Lane)>> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_behind(&self) -> bool {
        !self.behind().is_empty()
    }

    /// Publishes as many of `hints` as there is room for.
    pub(crate) async fn publish(&self, hints: Vec<Hint>) -> Result<(), BrokerError> {
        if hints.is_empty() {
            return Ok(());
        }
        let broker = &self.engine.broker;
        let mut room: HashMap<(Arc<str>, Lane), usize> = HashMap::new();
        let mut fitting = Vec::with_capacity(hints.len());
        for hint in hints.into_iter().filter(|hint| !self.engine.pauses.stop(&hint.queue)) {
            let key = (hint.queue.clone(), hint.lane);
            let free = match room.get_mut(&key) {
                Some(free) => free,
                None => {
                    let untaken = broker.untaken(&hint.queue, hint.lane).await?;
                    room.entry(key.clone()).or_insert(broker.window().saturating_sub(untaken))
                }
            };
            if *free == 0 {
                self.behind().insert(key);
                continue;
            }
            *free -= 1;
            fitting.push(hint);
        }
        let span = tracing::debug_span!("publish", hints = fitting.len());
        broker.publish(fitting).instrument(span).await
    }

    /// Publishes what the store says is due, either in every lane or only in the lanes that are
    /// behind.
    async fn look(&self, is_everywhere: bool) -> Result<(), RelayError> {
        let window = self.engine.broker.window();
        // What is due includes what is published but not yet taken.
        let limit = i64::try_from(2 * window).unwrap_or(i64::MAX);
        let mut wanted = Vec::new();
        for (queue, lots) in &self.lanes {
            if self.engine.pauses.stop(queue) {
                continue;
            }
            let want = Wanted { queue: queue.clone(), lots: *lots, limit };
            let key = (queue.clone(), want.lane());
            if !is_everywhere && !self.behind().contains(&key) {
                continue;
            }
            if self.engine.broker.untaken(queue, want.lane()).await? < window.div_ceil(2) {
                self.behind().remove(&key);
                wanted.push(want);
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let due = self.engine.store.due(self.engine.clock.now(), &wanted).await?;
        for want in &wanted {
            let of = |hint: &&Hint| hint.queue == want.queue && hint.lane == want.lane();
            if due.iter().filter(of).count() as i64 >= limit {
                // There may be more than the limit.
                self.behind().insert((want.queue.clone(), want.lane()));
            }
        }
        self.publish(due).await?;
        Ok(())
    }

    /// Publishes what commits have made due, here and in other processes. It does so at once and
    /// does not wait for the store to be read.
    pub(crate) async fn pass_on(
        &self,
        wakes: &mut Wakes,
        mut heard: Option<mpsc::Receiver<Vec<Hint>>>,
        looks: &Notify,
    ) {
        loop {
            let (mut woken, mut told): (Vec<Vec<Hint>>, Vec<Vec<Hint>>) = Default::default();
            tokio::select! {
                count = wakes.recv_many(&mut woken, 64) => {
                    if count == 0 {
                        std::future::pending::<()>().await;
                    }
                }
                () = hear(&mut heard, &mut told) => {}
            }
            woken.append(&mut told);
            if woken.iter().any(Vec::is_empty) {
                looks.notify_one();
            }
            if self.publish(woken.into_iter().flatten().collect()).await.is_err() {
                // What was not published is found in the store once the store and the broker work
                // again.
                looks.notify_one();
                tokio::time::sleep(REST).await;
            }
        }
    }

    /// Publishes what the store says is due, as long as there is room for it.
    pub(crate) async fn keep_full(&self, looks: &Notify) {
        let mut next = None;
        let mut looked = Instant::now();
        let mut failing: Option<Failing> = None;
        loop {
            let until_due = next.map_or(LOOK, |due: Timestamp| {
                let left = (due - self.engine.clock.now()).to_std().unwrap_or(CALM);
                left.clamp(CALM, LOOK)
            });
            let until_look = LOOK.saturating_sub(looked.elapsed());
            let pause = until_due.min(until_look);
            let is_everywhere = if self.is_behind() && ROOM < pause {
                timeout(ROOM, looks.notified()).await.is_ok()
            } else {
                drop(timeout(pause, looks.notified()).await);
                true
            };
            let mut outcome = self.look(is_everywhere).await;
            if outcome.is_ok() && is_everywhere {
                looked = Instant::now();
                let now = self.engine.clock.now();
                outcome = match self.engine.store.next_due(now, None).await {
                    Ok(due) => {
                        next = due;
                        Ok(())
                    }
                    Err(error) => Err(error.into()),
                };
            }
            if let Err(error) = outcome {
                let failing = failing.get_or_insert_with(Failing::new);
                if failing.is_news() {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "{error}; trying again"
                    );
                }
                tokio::time::sleep(REST).await;
                looks.notify_one();
            } else if failing.take().is_some_and(|failing| failing.said.is_some()) {
                tracing::info!("the relay publishes again");
            }
        }
    }
}

struct Failing {
    since: Instant,
    said: Option<Instant>,
}

impl Failing {
    fn new() -> Self {
        Self { since: Instant::now(), said: None }
    }

    /// Whether to log it now.
    fn is_news(&mut self) -> bool {
        let is_news = match self.said {
            None => self.since.elapsed() > MOMENT,
            Some(said) => said.elapsed() > REMIND,
        };
        if is_news {
            self.said = Some(Instant::now());
        }
        is_news
    }
}

/// Receives messages from other processes. Never returns if no process can send any.
async fn hear(heard: &mut Option<mpsc::Receiver<Vec<Hint>>>, told: &mut Vec<Vec<Hint>>) {
    if let Some(heard) = heard
        && heard.recv_many(told, TOLD).await > 0
    {
        return;
    }
    std::future::pending().await
}
