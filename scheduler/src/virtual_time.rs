//! Virtual time. It jumps to the next due moment only when nothing is ready, leased, unpublished or
//! being sent. Lots run together, and jobs run one after the other in a fixed order. So the same
//! input gives every lot the same history, whatever the number of workers.

use waybill_shared::broker::HeldBroker;
use waybill_shared::domain::kinds::JobKind;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::rounds;
use waybill_shared::store::{ChangeSet, Hint, NewJob, StoreError};

use crate::relay::Relay;

/// The most lots that are published at once.
const LOTS: i64 = 65_536;

async fn put(relay: &mut Relay, hints: Vec<Hint>) {
    if let Err(error) = relay.publish(hints).await {
        // The hints stay due, so the next step publishes them.
        tracing::error!(%error, "hints could not be published");
    }
}

/// Publishes what becomes ready, until nothing is held any more.
async fn settle(relay: &mut Relay, broker: &HeldBroker) {
    loop {
        tokio::select! {
            biased;
            Some(hints) = relay.next_wake() => put(relay, hints).await,
            () = broker.drained() => match relay.try_wake() {
                Some(hints) => put(relay, hints).await,
                None => return,
            },
        }
    }
}

/// Runs what is due now. Returns whether there was anything.
async fn step(relay: &mut Relay, engine: &Engine, broker: &HeldBroker) -> Result<bool, StoreError> {
    settle(relay, broker).await;
    let now = engine.clock.now();
    let lots = engine.store.due_lots(now, LOTS).await?;
    if !lots.is_empty() {
        put(relay, lots).await;
        return Ok(true);
    }
    let job = engine.store.first_due_job(now).await?;
    let found = job.is_some();
    put(relay, job.into_iter().collect()).await;
    Ok(found)
}

/// Runs until only recurring jobs remain and a full rematch changes nothing, or until `until`.
/// Calls `progress` with the current moment from time to time.
///
/// # Errors
/// [`StoreError`] if the store cannot be read or written.
pub async fn run_until_idle(
    relay: &mut Relay,
    broker: &HeldBroker,
    until: Option<Timestamp>,
    progress: &mut (dyn FnMut(Timestamp) + Send),
) -> Result<(), StoreError> {
    let engine = relay.engine().clone();
    let _makes = relay.makes_queues();
    let is_within = |due: &Timestamp| until.is_none_or(|until| *due <= until);
    loop {
        while step(relay, &engine, broker).await? {}
        let now = engine.clock.now();
        progress(now);
        let any = engine.store.next_due(now, None).await?.filter(is_within);
        let other = engine.store.next_due(now, Some(JobKind::Cron)).await?.filter(is_within);
        match (any, other) {
            (Some(due), Some(_)) => engine.clock.advance_to(due),
            (_, None) if !rematch(relay, &engine, broker).await? => {
                if let Some(until) = until {
                    engine.clock.advance_to(until);
                }
                return Ok(());
            }
            (_, None) | (None, Some(_)) => {}
        }
    }
}

/// Runs a round over everything that waits for money or an offer. Returns whether it changed
/// anything.
async fn rematch(
    relay: &mut Relay,
    engine: &Engine,
    broker: &HeldBroker,
) -> Result<bool, StoreError> {
    let mut waiting = false;
    for awaits in rounds::OPEN {
        waiting = waiting || !engine.store.lots_awaiting(awaits).await?.is_empty();
    }
    if !waiting {
        return Ok(false);
    }
    let before = engine.store.last_event().await?;
    let now = engine.clock.now();
    let mut change_set = ChangeSet::new("scheduler", now);
    change_set.jobs.push(NewJob::round(now));
    engine.commit(vec![change_set], None).await?;
    while step(relay, engine, broker).await? {}
    Ok(engine.store.last_event().await? != before)
}
