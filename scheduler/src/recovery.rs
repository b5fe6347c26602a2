//! Lost leases: what a killed process held is tried again, and parked after too many times.

use std::collections::HashMap;

use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;
use waybill_shared::store::{Lease, StoreError, Unit};

/// Ends the leases that an earlier process left behind; returns how many lots they held.
///
/// # Errors
/// [`StoreError`] if the store cannot be read or written.
pub async fn recover(engine: &Engine) -> Result<usize, StoreError> {
    let mut lost = 0;
    for (lease, subjects) in engine.store.leases().await? {
        let versions: HashMap<i64, i64> = subjects.into_iter().collect();
        let ids: Vec<i64> = versions.keys().copied().collect();
        let now = engine.clock.now();
        let mut units = Vec::new();
        for lot in engine.store.lots_by_id(&ids).await? {
            if versions.get(&lot.id.0) != Some(&lot.version) {
                continue;
            }
            let lost = engine.advance(lot.clone(), lot, StepResult::LeaseLost, "lot.lease_lost");
            let Ok(change) = lost else { continue };
            units.push(Unit::new("scheduler", now).lot(change));
        }
        lost += units.len();
        engine.commit(units, Some(Lease(lease))).await?;
    }
    Ok(lost)
}
