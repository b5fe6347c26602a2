//! The in-process broker: one queue a step or kind of job, each hint in it once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::store::Hint;

#[derive(Debug, Default)]
struct Queues {
    by_name: HashMap<Arc<str>, Queue>,
    held: usize,
    closed: bool,
}

#[derive(Debug, Default)]
struct Queue {
    ready: VecDeque<i64>,
    /// Ready or taken and not yet acknowledged.
    held: HashSet<i64>,
    arrived: Arc<Notify>,
}

/// An in-process broker. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedBroker {
    queues: Arc<Mutex<Queues>>,
    drained: Arc<Notify>,
}

impl EmbeddedBroker {
    /// A lock that outlives a panic elsewhere: the queues hold hints, and no hint is a truth.
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues `hints`, those already held aside.
    pub fn publish(&self, hints: impl IntoIterator<Item = Hint>) {
        let mut guard = self.lock();
        let queues = &mut *guard;
        if queues.closed {
            return;
        }
        for hint in hints {
            let queue = queues.by_name.entry(hint.queue).or_default();
            if queue.held.insert(hint.id) {
                queue.ready.push_back(hint.id);
                queues.held += 1;
                queue.arrived.notify_one();
            }
        }
    }

    /// How many hints wait untaken in `queue`.
    #[must_use]
    pub fn untaken(&self, queue: &str) -> usize {
        self.lock().by_name.get(queue).map_or(0, |queue| queue.ready.len())
    }

    /// How many hints are queued or taken and not acknowledged.
    #[must_use]
    pub fn held(&self) -> usize {
        self.lock().held
    }

    /// Waits for the next moment at which no hint is held.
    pub async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            if self.held() == 0 {
                return;
            }
            drained.await;
        }
    }

    /// Takes what is there, at most `most`, waiting for the first; `None` once it is closed.
    pub async fn take(&self, name: &Arc<str>, most: usize) -> Option<Vec<i64>> {
        loop {
            let arrived = {
                let mut queues = self.lock();
                if queues.closed {
                    return None;
                }
                let queue = queues.by_name.entry(name.clone()).or_default();
                if !queue.ready.is_empty() {
                    let taken = queue.ready.len().min(most);
                    let ids = queue.ready.drain(..taken).collect();
                    if !queue.ready.is_empty() {
                        queue.arrived.notify_one();
                    }
                    return Some(ids);
                }
                queue.arrived.clone()
            };
            arrived.notified().await;
        }
    }

    /// Lets go of hints that were looked at.
    pub fn acknowledge(&self, name: &str, ids: &[i64]) {
        let mut guard = self.lock();
        let queues = &mut *guard;
        if let Some(queue) = queues.by_name.get_mut(name) {
            queues.held -= ids.iter().filter(|id| queue.held.remove(id)).count();
        }
        if queues.held == 0 {
            self.drained.notify_waiters();
        }
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Ends every wait; nothing is published or taken any more.
    pub fn close(&self) {
        let mut queues = self.lock();
        queues.closed = true;
        for queue in queues.by_name.values() {
            queue.arrived.notify_waiters();
            queue.arrived.notify_one();
        }
        self.drained.notify_waiters();
    }
}
