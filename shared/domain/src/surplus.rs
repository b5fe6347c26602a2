//! Surplus: what came above what was bought, followed until somebody has decided what becomes of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::LotId;
use super::quantity::Quantity;

/// What becomes of surplus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SurplusFate {
    /// The secretariat has to decide.
    Undecided,
    /// Its owner keeps it, and the supplier is paid for it, within the tolerance of its line.
    KeptPaid,
    /// Its owner keeps it, and the supplier is not paid for it.
    KeptUnpaid,
    /// The supplier gets it back.
    Returned,
}

/// What came of a lot above what was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Surplus {
    /// The lot.
    pub lot: LotId,
    /// The order it came under.
    pub order: String,
    /// How much: nothing, once it was counted otherwise.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "3")]
    pub quantity: Quantity,
    /// Whose it is: who received it, or the supplier that gets it back.
    pub owner: String,
    /// What becomes of it.
    pub fate: SurplusFate,
    /// Why, as whoever decided says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Surplus {
    /// Whether somebody has to decide about it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.fate == SurplusFate::Undecided && !self.quantity.is_zero()
    }
}
