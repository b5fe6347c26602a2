//! Texts that several reports use.

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::lot::{Lot, LotState};

use crate::queries::lots::timeline::{awaited, state};

/// The number of lots read at once.
pub(super) const READ: i64 = 1_000;

/// A lot's state and who must act next, in words for readers outside.
pub(super) fn place(lot: &Lot) -> String {
    match lot.state() {
        LotState::Ready { .. } | LotState::RetryAt { .. } => "is being worked on".to_owned(),
        LotState::Waiting { awaits, .. } => format!("waits for {}", awaited(awaits)),
        LotState::Parked { incident, .. } => format!("waits for an operator: {incident}"),
        LotState::Closed(_) => state(lot),
    }
}

pub(super) fn name(coalition: &Coalition) -> String {
    coalition.settings.as_ref().map(|settings| settings.name.clone()).unwrap_or_default()
}
