//! Order changes: a supplier is asked for less of what it has an order for. Both states are kept until
//! it answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::LotId;
use super::lot::{Awaited, Lot, LotState};
use super::quantity::Quantity;

/// How far an order change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeState {
    /// The supplier has to answer.
    Asked,
    /// It agreed, and the lots were changed.
    Accepted,
    /// It did not agree: the secretariat has to decide what now.
    Refused,
    /// What it is about came, or was cancelled, before it could be done.
    Overtaken,
    /// It was refused, and the secretariat leaves the order as it is.
    Settled,
}

/// One lot of an order change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedLot {
    /// The lot.
    pub lot: LotId,
    /// How much of it was to come when the supplier was asked.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "6")]
    pub from: Quantity,
    /// How much of it is wanted still.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "2")]
    pub to: Quantity,
    /// The last part of its line at that time: later ones were split off since.
    pub last_part: i64,
}

impl ChangedLot {
    /// Whether `lot` is the one that was meant, or was split off since, and some of it is to come under
    /// `order`.
    #[must_use]
    pub fn is_about(&self, lot: &Lot, order: &str) -> bool {
        let is_part = lot.id.line() == self.lot.line() && lot.id.part() > self.last_part;
        let is_its = lot.id == self.lot || is_part;
        is_its && lot.order.as_deref() == Some(order) && is_to_come(lot)
    }
}

/// Less of some lots, asked of the supplier of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderChange {
    /// Its number, by which the supplier answers.
    pub number: String,
    /// The order.
    pub order: String,
    /// The supplier.
    pub supplier: String,
    /// Lot by lot.
    pub lines: Vec<ChangedLot>,
    /// How far it is.
    pub state: ChangeState,
    /// Why it was asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What the supplier answered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
}

/// Whether some of `lot` has neither come nor is on its way.
#[must_use]
pub fn is_to_come(lot: &Lot) -> bool {
    let is_open = match lot.state() {
        LotState::Waiting { awaits, .. } => !matches!(awaits, Awaited::Payment { .. }),
        LotState::Ready { .. } | LotState::RetryAt { .. } | LotState::Parked { .. } => true,
        LotState::Closed(_) => false,
    };
    is_open && lot.shipped < lot.quantity
}
