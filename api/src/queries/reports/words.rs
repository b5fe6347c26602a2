//! Words that all reports have in common.

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::lot::{Lot, LotState};

use crate::queries::lots::timeline::{awaited, state};

/// Lots read at once.
pub(super) const READ: i64 = 1_000;

/// Where a lot is and whose move is next, in words for those outside.
pub(super) fn place(lot: &Lot) -> String {
    match lot.state() {
        LotState::Ready { .. } | LotState::RetryAt { .. } => "is being worked on".to_owned(),
        LotState::Waiting { awaits, .. } => format!("waits for {}", awaited(awaits)),
        LotState::Parked { incident, .. } => format!("waits for an operator: {incident}"),
        LotState::Closed(_) => state(lot),
    }
}

/// The coalition's name.
pub(super) fn name(coalition: &Coalition) -> String {
    coalition.settings.as_ref().map(|settings| settings.name.clone()).unwrap_or_default()
}
