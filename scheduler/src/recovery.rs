//! Lost leases: what a killed process held is tried again, and parked after too many times.

use std::collections::HashMap;

use waybill_shared::domain::retry::RetryPolicy;
use waybill_shared::domain::transition::{Situation, StepResult, decide};
use waybill_shared::engine::Engine;
use waybill_shared::store::{Lease, LotChange, StoreError, Unit};

/// Ends the leases that an earlier process left behind; returns how many lots they held.
///
/// # Errors
/// [`StoreError`] if the store cannot be read or written.
pub async fn recover(engine: &Engine) -> Result<usize, StoreError> {
    let mut lost = 0;
    let names = engine.pipeline.names();
    for (lease, subjects) in engine.store.leases().await? {
        let versions: HashMap<i64, i64> = subjects.into_iter().collect();
        let ids: Vec<i64> = versions.keys().copied().collect();
        let now = engine.clock.now();
        let at = Situation { steps: &names, retry: RetryPolicy::default(), now, draw: 0 };
        let mut units = Vec::new();
        for lot in engine.store.lots_by_id(&ids).await? {
            if versions.get(&lot.id.0) != Some(&lot.version) {
                continue;
            }
            let Ok(state) = decide(&lot.state, StepResult::LeaseLost, &at) else { continue };
            let mut after = lot.clone();
            after.state = state;
            let unit = Unit::new("scheduler", now);
            units.push(unit.lot(LotChange::new(lot, after, "lot.lease_lost")));
        }
        lost += units.len();
        engine.commit(units, Some(Lease(lease))).await?;
    }
    Ok(lost)
}
