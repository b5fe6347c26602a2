//! The relay: publishes what is due, and keeps a bounded window of untaken hints in each lane of a
//! queue. The rest of a backlog stays in the store.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use waybill_shared::broker::{Broker, BrokerError};
use waybill_shared::engine::{Engine, Wakes};
use waybill_shared::store::{Hint, Lane, StoreError, Wanted};

/// How often a full lane is looked at for room.
const ROOM: Duration = Duration::from_millis(2);

/// The longest real time between two looks into the store.
const LOOK: Duration = Duration::from_secs(1);

/// How long a failed broker or store is left alone.
const REST: Duration = Duration::from_millis(100);

/// A failure that is over sooner is not said.
const MOMENT: Duration = Duration::from_secs(1);

/// Of what other processes tell, so much is published together.
const TOLD: usize = 1024;

/// How often a failure that lasts is said again.
const REMIND: Duration = Duration::from_secs(10);

/// What the relay does not know of is looked for in the store at most this often.
const CALM: Duration = Duration::from_millis(1);

/// Publishes hints, while its process leads.
#[derive(Debug)]
pub struct Relay {
    engine: Engine,
    wakes: Wakes,
    /// Every lane of every queue.
    lanes: Vec<(Arc<str>, Option<Lane>)>,
    /// Those for which something due was not published, for want of room.
    behind: HashSet<(Arc<str>, Lane)>,
}

/// Why something due was not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RelayError {
    #[error("the relay could not read what is due")]
    Store(#[from] StoreError),
    #[error("the relay could not publish")]
    Broker(#[from] BrokerError),
}

impl Relay {
    /// A relay that listens to `wakes` and serves `lanes` (see [`waybill_shared::store::queues`]).
    #[must_use]
    pub fn new(engine: Engine, wakes: Wakes, lanes: Vec<(Arc<str>, Option<Lane>)>) -> Self {
        Self { engine, wakes, lanes, behind: HashSet::new() }
    }

    /// The engine it relays for.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What the next commit made due.
    pub(crate) async fn next_wake(&mut self) -> Option<Vec<Hint>> {
        self.wakes.recv().await
    }

    /// What a commit has made due already.
    pub(crate) fn try_wake(&mut self) -> Option<Vec<Hint>> {
        self.wakes.try_recv().ok()
    }

    /// Publishes those of `hints` for which there is room.
    pub(crate) async fn publish(&mut self, hints: Vec<Hint>) -> Result<(), BrokerError> {
        if hints.is_empty() {
            return Ok(());
        }
        let broker = &self.engine.broker;
        let mut room: HashMap<(Arc<str>, Lane), usize> = HashMap::new();
        let mut fitting = Vec::with_capacity(hints.len());
        for hint in hints {
            let key = (hint.queue.clone(), hint.lane);
            let free = match room.get_mut(&key) {
                Some(free) => free,
                None => {
                    let untaken = broker.untaken(&hint.queue, hint.lane).await?;
                    room.entry(key.clone()).or_insert(broker.window().saturating_sub(untaken))
                }
            };
            if *free == 0 {
                self.behind.insert(key);
                continue;
            }
            *free -= 1;
            fitting.push(hint);
        }
        broker.publish(fitting).await
    }

    /// Publishes what the store says is due, in every lane or in those that are behind.
    async fn look(&mut self, is_everywhere: bool) -> Result<(), RelayError> {
        let window = self.engine.broker.window();
        // What is published and not yet taken is among what is due.
        let limit = i64::try_from(2 * window).unwrap_or(i64::MAX);
        let mut wanted = Vec::new();
        for (queue, lots) in &self.lanes {
            let want = Wanted { queue: queue.clone(), lots: *lots, limit };
            let key = (queue.clone(), want.lane());
            if !is_everywhere && !self.behind.contains(&key) {
                continue;
            }
            if self.engine.broker.untaken(queue, want.lane()).await? < window.div_ceil(2) {
                self.behind.remove(&key);
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
                // There may be more.
                self.behind.insert((want.queue.clone(), want.lane()));
            }
        }
        self.publish(due).await?;
        Ok(())
    }

    /// Tells whoever leads what this process makes due, until `end`.
    pub(crate) async fn forward(&mut self, end: tokio::time::Instant) {
        loop {
            let hints = tokio::select! {
                hints = self.wakes.recv() => hints,
                () = tokio::time::sleep_until(end) => return,
            };
            let Some(mut hints) = hints else {
                tokio::time::sleep_until(end).await;
                return;
            };
            let mut looks = hints.is_empty();
            while let Ok(more) = self.wakes.try_recv() {
                looks |= more.is_empty();
                hints.extend(more);
            }
            let mut told = self.engine.store.tell(&hints).await;
            if looks && !hints.is_empty() && told.is_ok() {
                told = self.engine.store.tell(&[]).await;
            }
            if let Err(error) = told {
                // The leader looks by itself before long.
                tracing::debug!(error = &error as &dyn std::error::Error, "could not tell");
            }
        }
    }

    /// Makes the queues of all lanes, until what it returns is dropped.
    pub(crate) fn makes_queues(&self) -> Follows {
        let lane = |(queue, lots): &(Arc<str>, Option<Lane>)| {
            (queue.clone(), lots.unwrap_or(Lane::Normal))
        };
        let lanes: Vec<(Arc<str>, Lane)> = self.lanes.iter().map(lane).collect();
        self.engine.broker.lead(&lanes);
        Follows(self.engine.broker.clone())
    }

    /// Relays in real time, listening to `heard` too, until it is dropped.
    pub(crate) async fn serve(&mut self, mut heard: Option<mpsc::Receiver<Vec<Hint>>>) {
        let _makes = self.makes_queues();
        let mut next = Some(self.engine.clock.now());
        let mut looked = Instant::now();
        let mut looks = true;
        let mut failing: Option<Failing> = None;
        loop {
            let (mut woken, mut told): (Vec<Vec<Hint>>, Vec<Vec<Hint>>) = Default::default();
            if looks {
                woken.push(Vec::new());
            } else {
                let until_due = next.map_or(LOOK, |due| {
                    let left = (due - self.engine.clock.now()).to_std().unwrap_or(CALM);
                    left.clamp(CALM, LOOK)
                });
                let until_look = LOOK.saturating_sub(looked.elapsed());
                let is_behind = !self.behind.is_empty();
                let pause = until_due.min(until_look);
                let pause = if is_behind { ROOM.min(pause) } else { pause };
                tokio::select! {
                    count = self.wakes.recv_many(&mut woken, 64) => {
                        if count == 0 {
                            std::future::pending::<()>().await;
                        }
                    }
                    () = hear(&mut heard, &mut told) => {}
                    () = tokio::time::sleep(pause) => {
                        looks = !is_behind || until_look.is_zero();
                    }
                }
            }
            woken.append(&mut told);
            looks |= woken.iter().any(Vec::is_empty);
            let mut outcome: Result<(), RelayError> =
                self.publish(woken.into_iter().flatten().collect()).await.map_err(Into::into);
            if outcome.is_ok() && (looks || !self.behind.is_empty()) {
                outcome = self.look(looks).await;
            }
            if outcome.is_ok() && looks {
                looked = Instant::now();
                looks = false;
                let now = self.engine.clock.now();
                next = self.engine.store.next_due(now, "").await.unwrap_or(None);
            }
            if let Err(error) = outcome {
                let failing = failing.get_or_insert_with(Failing::new);
                if failing.is_news() {
                    tracing::warn!(error = &error as &dyn std::error::Error, "{error}; trying on");
                }
                tokio::time::sleep(REST).await;
                // What was not published is found in the store.
                looks = true;
            } else if failing.take().is_some_and(|failing| failing.said.is_some()) {
                tracing::info!("the relay publishes again");
            }
        }
    }
}

/// A failure that lasts.
struct Failing {
    since: Instant,
    said: Option<Instant>,
}

impl Failing {
    fn new() -> Self {
        Self { since: Instant::now(), said: None }
    }

    /// Whether it is to be said now.
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

/// Leaves the queues to another when this process stops relaying.
pub(crate) struct Follows(Arc<dyn Broker>);

impl Drop for Follows {
    fn drop(&mut self) {
        self.0.lead(&[]);
    }
}

/// All that other processes have told; never, if nobody can.
async fn hear(heard: &mut Option<mpsc::Receiver<Vec<Hint>>>, told: &mut Vec<Vec<Hint>>) {
    if let Some(heard) = heard
        && heard.recv_many(told, TOLD).await > 0
    {
        return;
    }
    std::future::pending().await
}
