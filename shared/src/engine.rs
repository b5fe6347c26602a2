//! What scheduler, workers and API hold in common: the store, the broker, the clock, and the way
//! to wake the relay.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::broker::EmbeddedBroker;
use crate::clock::Clock;
use crate::domain::lot::LotState;
use crate::domain::pipeline::Pipeline;
use crate::store::sqlite::SqliteStore;
use crate::store::{Batch, Fate, Hint, Lease, StoreError, Unit};

/// Batches of hints that may wait for the relay; what does not fit is found in the store.
const WAKES: usize = 1024;

/// The parts that every role shares. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The truth.
    pub store: SqliteStore,
    /// The hints.
    pub broker: EmbeddedBroker,
    /// Business time.
    pub clock: Clock,
    /// The steps.
    pub pipeline: Arc<Pipeline>,
    wake: mpsc::Sender<Vec<Hint>>,
}

/// The relay's end of [`Engine::commit`]: what became due.
pub type Wakes = mpsc::Receiver<Vec<Hint>>;

impl Engine {
    /// An engine on `store`, and the wakes its relay listens to.
    #[must_use]
    pub fn new(store: SqliteStore, clock: Clock, pipeline: Pipeline) -> (Self, Wakes) {
        let (wake, wakes) = mpsc::channel(WAKES);
        let pipeline = Arc::new(pipeline);
        (Self { store, broker: EmbeddedBroker::default(), clock, pipeline, wake }, wakes)
    }

    /// Commits `units`, and tells the relay what they made due.
    ///
    /// # Errors
    /// [`StoreError`] if nothing could be committed.
    pub async fn commit(
        &self,
        units: Vec<Unit>,
        release: Option<Lease>,
    ) -> Result<Vec<Fate>, StoreError> {
        let mut ready: Vec<Vec<Hint>> = units.iter().map(ready_lots).collect();
        let has_jobs: Vec<bool> = units.iter().map(|unit| !unit.jobs.is_empty()).collect();
        let fates = self.store.commit(Batch { units, release }).await?;
        let mut hints = Vec::new();
        let mut look = false;
        for (i, fate) in fates.iter().enumerate() {
            if *fate == Fate::Committed {
                hints.append(&mut ready[i]);
                look |= has_jobs[i];
            }
        }
        if look || !hints.is_empty() {
            // A full channel loses a wake, not work: the relay finds what is due in the store.
            self.wake.try_send(hints).ok();
        }
        Ok(fates)
    }
}

fn ready_lots(unit: &Unit) -> Vec<Hint> {
    let ready = |lot: &crate::domain::lot::Lot| match &lot.state {
        LotState::Ready { step, .. } => Some(Hint { queue: step.0.clone(), id: lot.id.0 }),
        LotState::RetryAt { .. }
        | LotState::Waiting { .. }
        | LotState::Parked { .. }
        | LotState::Closed(_) => None,
    };
    unit.lots.iter().filter_map(|change| ready(&change.after)).collect()
}
