//! The in-process broker. Each step or kind of job has one queue, which holds each hint once.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lanes::{self, Lanes, Look, Precedence};
use super::{Broker, BrokerError, Claimed, Track};
use crate::store::{Hint, Lane};
use async_trait::async_trait;

/// The maximum number of untaken hints in a lane.
const WINDOW: usize = 4096;

#[derive(Debug, Default)]
struct Queues {
    by_name: HashMap<Arc<str>, Queue>,
    precedence: Precedence,
    closed: bool,
}

#[derive(Debug, Default)]
struct Queue {
    ready: Lanes<i64>,
    /// Ready, or taken and not yet acknowledged.
    held: HashSet<i64>,
}

/// An in-process broker. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedBroker {
    queues: Arc<Mutex<Queues>>,
}

impl EmbeddedBroker {
    /// Ignores poisoning: queues only hold hints, which are not authoritative.
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues `hints` except those that are already held. Returns those for which their lane has no room.
    fn put(&self, hints: Vec<Hint>, window: usize) -> Vec<Hint> {
        let mut guard = self.lock();
        let queues = &mut *guard;
        if queues.closed {
            return Vec::new();
        }
        let mut left = Vec::new();
        for hint in hints {
            if !queues.by_name.contains_key(&hint.queue) {
                queues.by_name.insert(hint.queue.clone(), Queue::default());
            }
            let Some(queue) = queues.by_name.get_mut(&hint.queue) else { continue };
            if queue.ready.len(hint.lane) >= window {
                left.push(hint);
            } else if queue.held.insert(hint.id) {
                queue.ready.push(hint.lane, hint.id);
            }
        }
        left
    }
}

#[async_trait]
impl Broker for EmbeddedBroker {
    fn window(&self) -> usize {
        WINDOW
    }

    async fn untaken(&self, queue: &Arc<str>, lane: Lane) -> Result<usize, BrokerError> {
        Ok(self.lock().by_name.get(queue).map_or(0, |queue| queue.ready.len(lane)))
    }

    async fn publish(&self, hints: Vec<Hint>) -> Result<(), BrokerError> {
        self.put(hints, usize::MAX);
        Ok(())
    }

    fn keep(&self, hints: Vec<Hint>) -> Vec<Hint> {
        self.put(hints, WINDOW)
    }

    fn attend(&self, _: &Arc<str>) {}

    fn is_ready(&self) -> bool {
        !self.is_closed()
    }

    async fn take(&self, name: &Arc<str>, track: Track, most: usize) -> Option<Claimed> {
        lanes::take(|waits| {
            let mut guard = self.lock();
            let queues = &mut *guard;
            if queues.closed {
                return Look::Closed;
            }
            let all = queues.by_name.values().map(|queue| &queue.ready);
            let before = queues.precedence.before(track, waits, all);
            let queue = queues.by_name.entry(name.clone()).or_default();
            if queue.ready.is_empty(track) {
                return Look::Nothing(queue.ready.arrival(track));
            }
            if let Some(before) = before {
                return before;
            }
            let mut room = queues.precedence.batch(track, most);
            let ids = queue.ready.take(track, |_| {
                let fits = room > 0;
                room = room.saturating_sub(1);
                fits
            });
            queues.precedence.takes(track, ids.len());
            Look::Claimed(Claimed {
                queue: name.clone(),
                ids,
                track,
                turn: None,
                trace: None,
                receipts: Vec::new(),
            })
        })
        .await
    }

    fn acknowledge(&self, taken: Claimed) {
        let mut queues = self.lock();
        queues.precedence.ends(taken.track, taken.ids.len());
        if let Some(queue) = queues.by_name.get_mut(&taken.queue) {
            for id in &taken.ids {
                queue.held.remove(id);
            }
        }
        drop(taken.turn);
    }

    fn close(&self) {
        let mut queues = self.lock();
        queues.closed = true;
        queues.by_name.values().for_each(|queue| queue.ready.wake());
    }

    fn is_closed(&self) -> bool {
        self.lock().closed
    }

    async fn disconnect(&self) {}
}
