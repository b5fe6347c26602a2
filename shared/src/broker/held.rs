//! A broker wrapper for a single process. It knows when no hint is held, which virtual time waits for before it moves
//! on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{Broker, BrokerError, Claimed, QueueSeen, Track};
use crate::store::{Hint, Lane};

/// If nothing is acknowledged for this long, the held hints are published again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Hints by queue and number.
type Held = HashMap<(Arc<str>, i64), Hint>;

/// Another broker, and its hints that are not yet acknowledged. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HeldBroker {
    inner: Arc<dyn Broker>,
    held: Arc<Mutex<Held>>,
    drained: Arc<Notify>,
}

impl HeldBroker {
    /// Wraps `inner`. From now on it may only be used through the wrapper.
    #[must_use]
    pub fn new(inner: Arc<dyn Broker>) -> Self {
        Self { inner, held: Arc::default(), drained: Arc::default() }
    }

    /// Ignores poisoning: hints are not authoritative.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks `hints` as held, and returns those that were not held before.
    fn hold(&self, hints: Vec<Hint>) -> Vec<Hint> {
        let mut held = self.lock();
        let is_new =
            |hint: &Hint| held.insert((hint.queue.clone(), hint.id), hint.clone()).is_none();
        hints.into_iter().filter(is_new).collect()
    }

    fn let_go(&self, keys: impl IntoIterator<Item = (Arc<str>, i64)>) {
        let mut held = self.lock();
        for key in keys {
            held.remove(&key);
        }
        if held.is_empty() {
            self.drained.notify_waiters();
        }
    }

    /// The number of hints that are queued, or taken and not acknowledged.
    #[must_use]
    pub fn held(&self) -> usize {
        self.lock().len()
    }

    /// Waits until no hint is held.
    pub async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            let held: Vec<Hint> = self.lock().values().cloned().collect();
            if held.is_empty() {
                return;
            }
            if timeout(PATIENCE, drained).await.is_err()
                && let Err(error) = self.inner.publish(held).await
            {
                tracing::warn!(%error, "hints are not published yet");
            }
        }
    }
}

#[async_trait]
impl Broker for HeldBroker {
    fn window(&self) -> usize {
        self.inner.window()
    }

    fn lead(&self, lanes: &[(Arc<str>, Lane)]) {
        self.inner.lead(lanes);
    }

    async fn untaken(&self, queue: &Arc<str>, lane: Lane) -> Result<usize, BrokerError> {
        self.inner.untaken(queue, lane).await
    }

    async fn publish(&self, hints: Vec<Hint>) -> Result<(), BrokerError> {
        let new = self.hold(hints);
        if let Err(error) = self.inner.publish(new).await {
            // [`HeldBroker::drained`] publishes held hints again.
            tracing::debug!(%error, "hints are not published yet");
        }
        Ok(())
    }

    fn keep(&self, hints: Vec<Hint>) -> Vec<Hint> {
        let left = self.inner.keep(self.hold(hints));
        self.let_go(left.iter().map(|hint| (hint.queue.clone(), hint.id)));
        left
    }

    fn attend(&self, queue: &Arc<str>) {
        self.inner.attend(queue);
    }

    fn is_ready(&self) -> bool {
        self.inner.is_ready()
    }

    async fn take(&self, queue: &Arc<str>, track: Track, most: usize) -> Option<Claimed> {
        self.inner.take(queue, track, most).await
    }

    async fn look(
        &self,
        lanes: &[(Arc<str>, Lane)],
    ) -> Result<Option<Vec<QueueSeen>>, BrokerError> {
        self.inner.look(lanes).await
    }

    fn acknowledge(&self, taken: Claimed) {
        let keys: Vec<_> = taken.ids.iter().map(|id| (taken.queue.clone(), *id)).collect();
        self.inner.acknowledge(taken);
        self.let_go(keys);
    }

    fn close(&self) {
        self.inner.close();
        self.lock().clear();
        self.drained.notify_waiters();
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    async fn disconnect(&self) {
        self.inner.disconnect().await;
    }
}
