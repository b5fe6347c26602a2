//! I2: the ledger equals the lots' shares, and no envelope is exceeded, or an incident reports that facts from outside
//! did.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Check, Last, sum};
use crate::domain::funding::Movement;
use crate::domain::kinds::RecordKind;
use crate::incidents::{OVERDRAWN, overrun_envelopes};
use crate::store::{Store, StoreError};

/// Checks the ledger and the envelopes.
pub(super) async fn envelopes(
    store: &dyn Store,
    check: &mut Check,
    mut sums: BTreeMap<String, Movement>,
    last: &HashMap<String, Last>,
) -> Result<(), StoreError> {
    let overdrawn = store.records_of(RecordKind::Incident, OVERDRAWN).await?;
    let paid_beyond = overrun_envelopes(store).await?;
    let mut told_of: HashSet<&str> =
        last.keys().filter_map(|subject| subject.strip_prefix("envelope:")).collect();
    for row in store.envelopes().await? {
        told_of.remove(row.id.as_str());
        let bound = row.obligated + row.disbursed + row.expired;
        let is_told = overdrawn.iter().any(|found| found.id[OVERDRAWN.len()..] == row.id)
            || paid_beyond.contains(&row.id);
        if bound > row.committed && !is_told {
            let detail = format!(
                "{bound} minor units are bound, but only {} are committed, and no incident reports it",
                row.committed
            );
            check.fails("I2", &row.id, detail);
        }
        if !row.holds() {
            let detail = format!("uses {} of {} open minor units", row.used(), row.opened);
            check.fails("I2", &row.id, detail);
        }
        let over = (row.used() - row.opened).max(0);
        if row.overrun != over {
            let detail = format!(
                "exceeds its open amount by {over} minor units, but the stored overrun is {}",
                row.overrun
            );
            check.fails("I2", &row.id, detail);
        }
        let told = last.get(&format!("envelope:{}", row.id));
        if told.is_none_or(|told| told.number != row.version || told.body != sum(&row.body())) {
            check.fails("I7", &row.id, "the envelope differs from its last event");
        }
        let sum = sums.remove(&row.id).unwrap_or_default();
        if (sum.allocated, sum.obligated, sum.disbursed)
            != (row.allocated, row.obligated, row.disbursed)
        {
            check.fails(
                "I2",
                &row.id,
                format!("{row:?} is not the sum of the lots' shares, {sum:?}"),
            );
        }
    }
    for id in told_of {
        check.fails("I7", id, "the log has events of the envelope, but it is not stored");
    }
    for id in sums.keys() {
        check.fails("I2", id, "lots have shares of it, but it is not stored");
    }
    Ok(())
}
