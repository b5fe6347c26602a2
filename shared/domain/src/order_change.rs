//! Order changes: a supplier is asked to deliver less than was ordered. Both quantities are stored until it
//! answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::LotId;
use super::lot::{Awaited, Lot, LotState};
use super::quantity::Quantity;

/// The state of an order change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeState {
    /// The supplier has not answered yet.
    Asked,
    /// The supplier agreed, and the lots were changed.
    Accepted,
    /// The supplier refused. The secretariat has to decide what happens next.
    Refused,
    /// The goods arrived, or the order was cancelled, before the change could be made.
    Overtaken,
    /// The supplier refused, and the secretariat leaves the order as it is.
    Settled,
}

/// One lot of an order change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedLot {
    /// The lot.
    pub lot: LotId,
    /// The quantity that was still to come when the supplier was asked.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "6")]
    pub from: Quantity,
    /// The quantity that is still wanted.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "2")]
    pub to: Quantity,
    /// The highest part number of the line when the supplier was asked. Lots with a higher one were split off
    /// later.
    pub last_part: i64,
}

impl ChangedLot {
    /// Whether `lot` is this lot, or was split off since, and some of it is still to come under `order`.
    #[must_use]
    pub fn is_about(&self, lot: &Lot, order: &str) -> bool {
        let is_part = lot.id.line() == self.lot.line() && lot.id.part() > self.last_part;
        let is_its = lot.id == self.lot || is_part;
        is_its && lot.order.as_deref() == Some(order) && is_to_come(lot)
    }
}

/// A request to the supplier of an order to deliver less of some lots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderChange {
    /// The number of the change. The supplier states it in the answer.
    pub number: String,
    /// The order.
    pub order: String,
    /// The supplier.
    pub supplier: String,
    /// The changes, one for each lot.
    pub lines: Vec<ChangedLot>,
    /// The state of the change.
    pub state: ChangeState,
    /// Why it was requested.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What the supplier answered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
}

/// Whether some of `lot` has not arrived and is not on its way.
#[must_use]
pub fn is_to_come(lot: &Lot) -> bool {
    let is_open = match lot.state() {
        LotState::Waiting { awaits, .. } => !matches!(awaits, Awaited::Payment { .. }),
        LotState::Ready { .. } | LotState::RetryAt { .. } | LotState::Parked { .. } => true,
        LotState::Closed(_) => false,
    };
    is_open && lot.shipped < lot.quantity
}
