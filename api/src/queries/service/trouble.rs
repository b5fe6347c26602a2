//! What keeps this process from working. The answer comes at once, because nothing here waits for a failed part.

use std::time::Duration;

use tokio::time::timeout;
use waybill_shared::engine::Engine;
use waybill_shared::presence::Trouble;

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_millis(700);

/// What keeps this process from working.
pub(crate) async fn reasons(engine: &Engine) -> Vec<Trouble> {
    let mut reasons = Vec::new();
    // The troubles that normal work has run into.
    let met = engine.vitals.troubles();
    match timeout(PATIENCE, engine.store.generation()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            reasons.push(Trouble::of_store(&error, "the store does not answer"));
        }
        // The trouble found by normal work already says why.
        Err(_) if met.iter().any(|met| met.part == "store") => {}
        Err(_) => reasons.push(Trouble::new("store", "the store does not answer in time")),
    }
    if let Some(trouble) = engine.broker.trouble() {
        reasons.push(Trouble::new("broker", trouble));
    }
    if let Some(doubt) = engine.doubt() {
        reasons.push(Trouble::new("clock", doubt));
    }
    let met: Vec<Trouble> =
        met.into_iter().filter(|met| reasons.iter().all(|told| told.part != met.part)).collect();
    reasons.extend(met);
    reasons
}
