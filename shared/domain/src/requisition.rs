//! What is asked for: lines of requisitions.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lot::Priority;
use super::price::Price;
use super::quantity::{Quantity, Unit};

/// What kind of thing a line asks for; it decides how delivery is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Despatched and received.
    Goods,
    /// Activated.
    Licence,
    /// Accepted.
    Service,
}

impl Line {
    /// What it is called across requesters: who asks, and the id that it has there, as in `MIN/1`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.requester, self.external_id)
    }

    /// What lines have in common that may ask for the same thing twice.
    #[must_use]
    pub fn likeness(&self) -> String {
        let (requester, item) = (&self.requester, &self.item);
        format!("{requester}\n{item}\n{}\n{}", self.quantity.0, self.requested)
    }
}

/// One line of a requisition, as its requester last stated it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The stable id its requester gave it, such as `REQ-2025-03/7`.
    pub external_id: String,
    /// The party that asks.
    pub requester: String,
    /// What is asked for, as offers name it.
    pub item: String,
    /// A description for people.
    #[serde(default)]
    pub description: String,
    /// Goods, licence or service.
    pub kind: Kind,
    /// The classification code.
    pub classification: String,
    /// The scheme of that code: `CPV` or another, named.
    pub scheme: String,
    /// How much.
    pub quantity: Quantity,
    /// Of which unit.
    pub unit: Unit,
    /// The requester's estimate for one unit.
    pub unit_estimate: Price,
    /// Class and rank in the beneficiary's list.
    pub priority: Priority,
    /// The day it was asked for.
    pub requested: NaiveDate,
    /// The day it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<NaiveDate>,
    /// The public code of the consignee; the address is kept elsewhere.
    pub consignee: String,
    /// The smallest quantity worth delivering alone; none: the line is delivered whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_lot: Option<Quantity>,
    /// Lines of one requester with the same word are funded together or not at all, such as a server
    /// and its licence; none: by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<String>,
    /// Units short that still close the line, in per mille of its quantity.
    #[serde(default)]
    pub tolerance_per_mille: u32,
    /// Where the line comes from: a page, or `invented`.
    #[serde(default)]
    pub source: String,
}
