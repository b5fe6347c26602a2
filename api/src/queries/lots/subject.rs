//! The fields that identify a lot in a list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::lot::{Lot, Priority};
use waybill_shared::domain::requisition::Line;

/// The fields that identify a lot in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    /// The lot.
    pub lot: LotId,
    /// The requester's id of the lot's line.
    pub line: String,
    /// The requester.
    pub requester: String,
    /// The item.
    pub item: String,
    /// The quantity.
    pub quantity: String,
    /// The unit's code.
    pub unit: String,
    /// The lot's priority.
    pub priority: Priority,
}

impl Subject {
    pub(crate) fn of(lot: &Lot, line: &Line) -> Self {
        Self {
            lot: lot.id,
            line: line.external_id.clone(),
            requester: line.requester.clone(),
            item: line.item.clone(),
            quantity: lot.quantity.to_string(),
            unit: line.unit.to_string(),
            priority: lot.priority,
        }
    }
}
