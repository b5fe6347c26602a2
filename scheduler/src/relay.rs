//! The relay: publishes what is due, and keeps a bounded window of untaken hints a queue. The rest
//! of a backlog stays in the store.

use std::time::Duration;

use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::{Engine, Wakes};
use waybill_shared::store::{Hint, StoreError};

/// Untaken hints a queue at most.
const WINDOW: usize = 4096;

/// The longest real time between two looks into the store.
const LOOK: Duration = Duration::from_secs(1);

/// Publishes hints; one runs in each process that schedules.
#[derive(Debug)]
pub struct Relay {
    engine: Engine,
    wakes: Wakes,
    /// Something due was not published, for want of room.
    overflow: bool,
}

impl Relay {
    /// A relay that listens to `wakes`.
    #[must_use]
    pub fn new(engine: Engine, wakes: Wakes) -> Self {
        Self { engine, wakes, overflow: true }
    }

    fn publish(&mut self, hints: Vec<Hint>) {
        let (broker, overflow) = (&self.engine.broker, &mut self.overflow);
        let mut room: Vec<(std::sync::Arc<str>, usize)> = Vec::new();
        broker.publish(hints.into_iter().filter(|hint| {
            let known = room.iter().position(|(queue, _)| *queue == hint.queue);
            let at = known.unwrap_or_else(|| {
                let free = WINDOW.saturating_sub(broker.untaken(&hint.queue));
                room.push((hint.queue.clone(), free));
                room.len() - 1
            });
            let fits = room[at].1 > 0;
            room[at].1 = room[at].1.saturating_sub(1);
            *overflow |= !fits;
            fits
        }));
    }

    /// Publishes what the store says is due; whether there was anything.
    async fn look(&mut self) -> Result<bool, StoreError> {
        self.overflow = false;
        let limit = WINDOW + self.engine.broker.held();
        let now = self.engine.clock.now();
        let due = self.engine.store.due(now, i64::try_from(limit).unwrap_or(i64::MAX)).await?;
        self.overflow = due.len() >= limit;
        let any = !due.is_empty();
        self.publish(due);
        Ok(any)
    }

    /// Relays in real time until every engine handle is gone.
    pub async fn run(mut self) {
        let mut next: Option<Timestamp> = None;
        loop {
            let until_due = next.map_or(LOOK, |due| {
                (due - self.engine.clock.now()).to_std().unwrap_or(Duration::ZERO).min(LOOK)
            });
            let pause = if self.overflow { Duration::from_millis(2) } else { until_due };
            let mut woken = Vec::new();
            let look = tokio::select! {
                count = self.wakes.recv_many(&mut woken, 64) => {
                    if count == 0 {
                        return;
                    }
                    woken.iter().any(Vec::is_empty)
                }
                () = tokio::time::sleep(pause) => true,
            };
            self.publish(woken.into_iter().flatten().collect());
            if look {
                match self.look().await {
                    Ok(_) => {}
                    Err(error) => tracing::error!(%error, "the relay could not read what is due"),
                }
                next = self.engine.store.next_due().await.unwrap_or(None);
            }
        }
    }
}

/// Runs on virtual time until nothing is due any more: whenever nothing is queued or under way,
/// what is due now is published; if nothing is, time jumps to the next due moment, at most to
/// `until`.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn run_until_idle(relay: &mut Relay, until: Option<Timestamp>) -> Result<(), StoreError> {
    loop {
        tokio::select! {
            biased;
            Some(hints) = relay.wakes.recv() => { relay.publish(hints); continue; }
            () = relay.engine.broker.drained() => {}
        }
        if let Ok(hints) = relay.wakes.try_recv() {
            relay.publish(hints);
            continue;
        }
        if relay.look().await? {
            continue;
        }
        match relay.engine.store.next_due().await? {
            Some(due) if until.is_none_or(|until| due <= until) => {
                relay.engine.clock.advance_to(due);
            }
            Some(_) | None => return Ok(()),
        }
    }
}
