//! The relay publishes what is due, and keeps a bounded window of hints that are not yet taken in
//! each lane of a queue. The rest of a backlog stays in the store.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};
use waybill_shared::broker::{Broker, BrokerError};
use waybill_shared::engine::{Engine, Wakes};
use waybill_shared::store::{Hint, Lane};

use crate::outbox::Outbox;

/// Publishes hints while its process leads.
#[derive(Debug)]
pub struct Relay {
    wakes: Wakes,
    outbox: Outbox,
}

impl Relay {
    /// A relay that listens to `wakes` and serves `lanes` (see [`waybill_shared::store::queues`]).
    #[must_use]
    pub fn new(engine: Engine, wakes: Wakes, lanes: Vec<(Arc<str>, Option<Lane>)>) -> Self {
        Self { wakes, outbox: Outbox::new(engine, lanes) }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.outbox.engine
    }

    /// Waits for the next commit and returns what it made due.
    pub(crate) async fn next_wake(&mut self) -> Option<Vec<Hint>> {
        self.wakes.recv().await
    }

    /// What a commit has already made due, if any. Does not wait.
    pub(crate) fn try_wake(&mut self) -> Option<Vec<Hint>> {
        self.wakes.try_recv().ok()
    }

    /// Publishes as many of `hints` as there is room for.
    pub(crate) async fn publish(&mut self, hints: Vec<Hint>) -> Result<(), BrokerError> {
        self.outbox.publish(hints).await
    }

    /// Tells the leader what this process makes due, until `end`.
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
            let mut told = self.outbox.engine.store.tell(&hints).await;
            if looks && !hints.is_empty() && told.is_ok() {
                told = self.outbox.engine.store.tell(&[]).await;
            }
            if let Err(error) = told {
                // The leader looks into the store by itself before long.
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "could not notify the leader"
                );
            }
        }
    }

    /// Has the broker make the queues of all lanes, until the result is dropped.
    pub(crate) fn makes_queues(&self) -> Follows {
        let lane = |(queue, lots): &(Arc<str>, Option<Lane>)| {
            (queue.clone(), lots.unwrap_or(Lane::Normal))
        };
        let lanes: Vec<(Arc<str>, Lane)> = self.outbox.lanes.iter().map(lane).collect();
        self.outbox.engine.broker.lead(&lanes);
        Follows(self.outbox.engine.broker.clone())
    }

    /// Relays in real time until it is dropped. `heard` delivers what other processes make due.
    pub(crate) async fn serve(&mut self, heard: Option<mpsc::Receiver<Vec<Hint>>>) {
        let _makes = self.makes_queues();
        // Hints from before this moment may be lost, so look into the store first.
        let looks = Notify::new();
        looks.notify_one();
        let Self { wakes, outbox, .. } = self;
        tokio::join!(outbox.pass_on(wakes, heard, &looks), outbox.keep_full(&looks));
    }
}

/// Leaves the queues to another process when this one stops relaying.
pub(crate) struct Follows(Arc<dyn Broker>);

impl Drop for Follows {
    fn drop(&mut self) {
        self.0.lead(&[]);
    }
}
