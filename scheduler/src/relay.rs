//! The relay: publishes what is due, and keeps a bounded window of untaken hints a queue. The rest
//! of a backlog stays in the store.

use std::sync::Arc;
use std::time::Duration;

use waybill_shared::engine::{Engine, Wakes};
use waybill_shared::store::{Hint, StoreError};

/// Untaken hints a queue at most.
const WINDOW: usize = 4096;

/// How often a full queue is looked at for room.
const ROOM: Duration = Duration::from_millis(2);

/// The longest real time between two looks into the store.
const LOOK: Duration = Duration::from_secs(1);

/// Publishes hints; one runs in each process that schedules.
#[derive(Debug)]
pub struct Relay {
    engine: Engine,
    wakes: Wakes,
    /// The queues for which something due was not published, for want of room.
    overflow: Vec<Arc<str>>,
}

impl Relay {
    /// A relay that listens to `wakes`.
    #[must_use]
    pub fn new(engine: Engine, wakes: Wakes) -> Self {
        Self { engine, wakes, overflow: Vec::new() }
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

    pub(crate) fn publish(&mut self, hints: Vec<Hint>) {
        let (broker, overflow) = (&self.engine.broker, &mut self.overflow);
        let mut room: Vec<(Arc<str>, usize)> = Vec::new();
        let mut fitting = Vec::with_capacity(hints.len());
        for hint in hints {
            let known = room.iter().position(|(queue, _)| *queue == hint.queue);
            let at = known.unwrap_or_else(|| {
                let free = WINDOW.saturating_sub(broker.untaken(&hint.queue));
                room.push((hint.queue.clone(), free));
                room.len() - 1
            });
            if room[at].1 == 0 {
                if !overflow.contains(&hint.queue) {
                    overflow.push(hint.queue);
                }
                continue;
            }
            room[at].1 -= 1;
            fitting.push(hint);
        }
        broker.publish(fitting);
    }

    /// Publishes what the store says is due.
    async fn look(&mut self) -> Result<(), StoreError> {
        self.overflow.clear();
        let limit = WINDOW + self.engine.broker.held();
        let now = self.engine.clock.now();
        let due = self.engine.store.due(now, i64::try_from(limit).unwrap_or(i64::MAX)).await?;
        if due.len() >= limit {
            // What is beyond the limit may belong to any queue.
            self.overflow = due.iter().map(|hint| hint.queue.clone()).collect();
            self.overflow.sort_unstable();
            self.overflow.dedup();
        }
        self.publish(due);
        Ok(())
    }

    /// Whether a queue that overflowed has room again for half a window.
    fn has_room(&self) -> bool {
        self.overflow.iter().any(|queue| self.engine.broker.untaken(queue) < WINDOW / 2)
    }

    /// Relays in real time until every engine handle is gone.
    pub async fn run(mut self) {
        let mut next = Some(self.engine.clock.now());
        loop {
            let until_due = next.map_or(LOOK, |due| {
                (due - self.engine.clock.now()).to_std().unwrap_or(Duration::ZERO).min(LOOK)
            });
            let is_behind = !self.overflow.is_empty();
            let pause = if is_behind { ROOM.min(until_due) } else { until_due };
            let mut woken = Vec::new();
            let look = tokio::select! {
                count = self.wakes.recv_many(&mut woken, 64) => {
                    if count == 0 {
                        return;
                    }
                    woken.iter().any(Vec::is_empty)
                }
                () = tokio::time::sleep(pause) => !is_behind || self.has_room(),
            };
            self.publish(woken.into_iter().flatten().collect());
            if look {
                match self.look().await {
                    Ok(_) => {}
                    Err(error) => tracing::error!(%error, "the relay could not read what is due"),
                }
                let now = self.engine.clock.now();
                next = self.engine.store.next_due(now, "").await.unwrap_or(None);
            }
        }
    }
}
