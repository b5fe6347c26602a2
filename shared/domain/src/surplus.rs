//! Surplus: goods that arrived beyond the bought quantity. It is tracked until somebody decides what happens to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::LotId;
use super::quantity::Quantity;

/// What happens to surplus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SurplusFate {
    /// The secretariat has to decide.
    Undecided,
    /// The owner keeps it, and the supplier is paid for it, within the tolerance of the line.
    KeptPaid,
    /// The owner keeps it, and the supplier is not paid for it.
    KeptUnpaid,
    /// It goes back to the supplier.
    Returned,
}

/// The surplus of one lot: goods that arrived beyond the bought quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Surplus {
    /// The lot.
    pub lot: LotId,
    /// The order under which it arrived.
    pub order: String,
    /// How much it is. Zero if a later count found no surplus.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "3")]
    pub quantity: Quantity,
    /// Who owns it: the party that received it, or the supplier if it goes back.
    pub owner: String,
    /// What happens to it.
    pub fate: SurplusFate,
    /// The reason, in the words of whoever decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Surplus {
    /// Whether somebody still has to decide what happens to it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.fate == SurplusFate::Undecided && !self.quantity.is_zero()
    }
}
