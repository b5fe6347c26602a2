//! What a round reads of the store: whatever waits for money or may still move, and the money.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::coalition::Coalition;
use crate::domain::lot::Lot;
use crate::matching::is_movable;
use crate::store::{Store, StoreError};

/// Lots that wait for money, and those whose money may still be moved, by priority.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn lots(
    store: &dyn Store,
    coalition: &Coalition,
    day: NaiveDate,
) -> Result<Vec<Lot>, StoreError> {
    let mut lots = store.lots_awaiting("funding").await?;
    for awaits in ["consent", "gathering"] {
        let others = store.lots_awaiting(awaits).await?;
        lots.extend(others.into_iter().filter(|lot| is_movable(coalition, lot, day)));
    }
    lots.sort_by_key(|lot| (lot.priority.class, lot.priority.rank, lot.id));
    Ok(lots)
}

/// What is available of each envelope for `lots`: what is left, and what they have.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn available<'a>(
    store: &dyn Store,
    lots: impl IntoIterator<Item = &'a Lot>,
) -> Result<BTreeMap<String, i64>, StoreError> {
    let rows = store.envelopes().await?;
    let mut available: BTreeMap<String, i64> =
        rows.into_iter().map(|row| (row.id.clone(), row.available())).collect();
    for share in lots.into_iter().flat_map(|lot| &lot.funding) {
        *available.entry(share.envelope.clone()).or_default() += share.amount.minor;
    }
    Ok(available)
}
