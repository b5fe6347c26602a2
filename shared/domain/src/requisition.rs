//! Requisitions: lines that request items.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lot::Priority;
use super::price::Price;
use super::quantity::{Quantity, Unit};

/// What kind of thing a line requests. This decides how its delivery is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Goods. They are despatched and received.
    Goods,
    /// A licence. It is activated.
    Licence,
    /// A service. It is accepted.
    Service,
}

impl Line {
    /// A name that is unique across requesters: the requester, and its id for the line, as in `MIN/1`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.requester, self.external_id)
    }

    /// What two lines have in common if they may request the same thing twice.
    #[must_use]
    pub fn likeness(&self) -> String {
        let (requester, item) = (&self.requester, &self.item);
        format!("{requester}\n{item}\n{}\n{}", self.quantity.0, self.requested)
    }
}

/// One line of a requisition, as its requester last stated it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The stable id that its requester gave it, such as `REQ-2025-03/7`.
    pub external_id: String,
    /// The party that requests.
    pub requester: String,
    /// The requested item, as offers name it.
    pub item: String,
    /// A description for people.
    #[serde(default)]
    pub description: String,
    pub kind: Kind,
    pub classification: String,
    /// The scheme of that code: `CPV`, or the name of another one.
    pub scheme: String,
    pub quantity: Quantity,
    pub unit: Unit,
    /// The requester's estimate for one unit.
    pub unit_estimate: Price,
    /// The place in the beneficiary's list.
    pub priority: Priority,
    /// The day of the request.
    pub requested: NaiveDate,
    /// The day on which it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<NaiveDate>,
    /// The public code of the consignee. The address is stored elsewhere.
    pub consignee: String,
    /// The smallest quantity that is worth delivering separately. `None` means that the line is delivered whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_lot: Option<Quantity>,
    /// Lines of one requester with the same word are funded together or not at all, such as a server and its
    /// licence. `None` means that the line is funded by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<String>,
    /// How much may be missing for the line to close all the same, in per mille of its quantity.
    #[serde(default)]
    pub tolerance_per_mille: u32,
    /// Where the line comes from: a page, or `invented`.
    #[serde(default)]
    pub source: String,
}
