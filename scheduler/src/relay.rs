//! The relay: publishes what is due, and keeps a bounded window of untaken hints in each lane of a
//! queue. The rest of a backlog stays in the store.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};
use waybill_shared::broker::{Broker, BrokerError};
use waybill_shared::engine::{Engine, Wakes};
use waybill_shared::store::{Hint, Lane};

use crate::outbox::Outbox;

/// Publishes hints, while its process leads.
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

    /// The engine it relays for.
    pub(crate) fn engine(&self) -> &Engine {
        &self.outbox.engine
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
        self.outbox.publish(hints).await
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
            let mut told = self.outbox.engine.store.tell(&hints).await;
            if looks && !hints.is_empty() && told.is_ok() {
                told = self.outbox.engine.store.tell(&[]).await;
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
        let lanes: Vec<(Arc<str>, Lane)> = self.outbox.lanes.iter().map(lane).collect();
        self.outbox.engine.broker.lead(&lanes);
        Follows(self.outbox.engine.broker.clone())
    }

    /// Relays in real time, listening to `heard` too, until it is dropped.
    pub(crate) async fn serve(&mut self, heard: Option<mpsc::Receiver<Vec<Hint>>>) {
        let _makes = self.makes_queues();
        // Of what was asked for before, nothing is known.
        let looks = Notify::new();
        looks.notify_one();
        let Self { wakes, outbox, .. } = self;
        tokio::join!(outbox.pass_on(wakes, heard, &looks), outbox.keep_full(&looks));
    }
}

/// Leaves the queues to another when this process stops relaying.
pub(crate) struct Follows(Arc<dyn Broker>);

impl Drop for Follows {
    fn drop(&mut self) {
        self.0.lead(&[]);
    }
}
