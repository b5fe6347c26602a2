//! Lost leases: what a killed process held is tried again, and is parked after too many attempts.

use std::collections::HashMap;

use waybill_shared::domain::kinds::LotEvent;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;
use waybill_shared::store::{ChangeSet, StoreError, Term};

/// Ends the leases whose holder is gone, under `term`. Returns how many lots they held.
///
/// # Errors
/// [`StoreError`] if the store cannot be read or written.
pub async fn recover(engine: &Engine, term: Term) -> Result<usize, StoreError> {
    let mut lost = 0;
    for (lease, subjects) in engine.store.lost_leases().await? {
        let versions: HashMap<i64, i64> = subjects.into_iter().collect();
        let ids: Vec<i64> = versions.keys().copied().collect();
        let now = engine.clock.now();
        let mut change_sets = Vec::new();
        for lot in engine.store.lots_by_id(&ids).await? {
            if versions.get(&lot.id.0) != Some(&lot.version) {
                continue;
            }
            let lost = engine.advance(lot.clone(), lot, StepResult::LeaseLost, LotEvent::LeaseLost);
            let Ok(change) = lost else { continue };
            let mut change_set = ChangeSet::new("scheduler", now).lot(change);
            change_set.term = Some(term);
            change_sets.push(change_set);
        }
        lost += change_sets.len();
        engine.commit(change_sets, Some(lease)).await?;
    }
    Ok(lost)
}
