//! Orders: what was asked of whom, on whose money, and what became of it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::LotId;
use super::lot::Timestamp;
use super::money::{Currency, Money, MoneyError};
use super::quantity::{Quantity, Unit};

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Above the limit: somebody other than its author has to approve it.
    AwaitingApproval,
    /// Fixed, to be sent.
    Issued,
    /// Sent; the supplier has to respond.
    Sent,
    /// Accepted by the supplier, perhaps changed.
    Accepted,
    /// Refused by the supplier or by the approver.
    Refused,
    /// Cancelled before anything of it came.
    Cancelled,
    /// All that came of it is received and paid, and nothing more is to come.
    Completed,
}

impl OrderStatus {
    /// Whether goods may still arrive under it.
    #[must_use]
    pub fn is_live(self) -> bool {
        match self {
            Self::AwaitingApproval | Self::Issued | Self::Sent | Self::Accepted => true,
            Self::Refused | Self::Cancelled | Self::Completed => false,
        }
    }
}

/// A share of an envelope that pays a line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineShare {
    /// The envelope.
    pub envelope: String,
    /// What it pays, in the order's currency.
    pub covers: Money,
}

/// The packs in which a line is bought. They stay as agreed, whatever becomes of the offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Packs {
    /// How many packs.
    pub quantity: Quantity,
    /// Their unit, by which they are priced.
    pub unit: Unit,
    /// How much of the line's unit each of them holds.
    pub each: Quantity,
}

/// One line of an order: one lot. Its quantities are in the unit of the lot, in which it is answered,
/// shipped and received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The lot.
    pub lot: LotId,
    /// The item as the offer names it.
    pub item: String,
    /// What is bought.
    pub quantity: Quantity,
    /// The packs that it comes in, where it is sold by another unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packs: Option<Packs>,
    /// The part of it that nobody asked for: the offer's minimum or increment forced it.
    #[serde(default, skip_serializing_if = "Quantity::is_zero")]
    pub surplus: Quantity,
    /// Who pays the surplus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus_payer: Option<String>,
    /// The unit.
    pub unit: Unit,
    /// The price of one unit, or of one pack.
    pub unit_price: Money,
    /// Goods and charges together.
    pub amount: Money,
    /// The offer.
    pub offer: String,
    /// The public code of the consignee.
    pub consignee: String,
    /// The day it is due.
    pub due: NaiveDate,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<LineShare>,
}

impl OrderLine {
    /// What is priced: units, or packs, with their unit.
    #[must_use]
    pub fn priced(&self) -> (Quantity, Unit) {
        match self.packs {
            Some(packs) => (packs.quantity, packs.unit),
            None => (self.quantity, self.unit),
        }
    }

    /// What its goods cost at `price` for one unit, or one pack.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past `i64`.
    pub fn goods(&self, price: Money) -> Result<Money, MoneyError> {
        price.scaled(self.priced().0.0, Quantity::ONE)
    }
}

/// An order to one supplier, by one channel, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The number, which is the idempotency key of its sending.
    pub number: String,
    /// The supplier; the donor, for goods in kind.
    pub supplier: String,
    /// Who buys.
    pub channel: String,
    /// The currency; none for goods in kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Who drew it up; never its approver.
    pub author: String,
    /// When it was drawn up.
    pub created: Timestamp,
    /// Its lines, as they were agreed. What became of them afterwards is told by their lots, which
    /// name the order; parts split off a lot stand under its line.
    pub lines: Vec<OrderLine>,
    /// The contribution in kind that it calls on, if no money pays for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_kind: Option<String>,
    /// What left it after it was sent, by the lot whose line it was of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancelled: Vec<CancelledPart>,
}

/// What left an order after it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelledPart {
    /// The lot of the line.
    pub lot: LotId,
    /// How much of it.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "6")]
    pub quantity: Quantity,
}

impl Order {
    /// The line of `lot`, or of the lot it was split off.
    #[must_use]
    pub fn line(&self, lot: LotId) -> Option<&OrderLine> {
        let own = self.lines.iter().find(|line| line.lot == lot);
        own.or_else(|| self.lines.iter().rev().find(|line| line.lot.line() == lot.line()))
    }

    /// How much of the line of `lot` left it.
    #[must_use]
    pub fn cancelled_of(&self, lot: LotId) -> Quantity {
        self.cancelled.iter().filter(|part| part.lot == lot).map(|part| part.quantity).sum()
    }

    /// What all lines cost together; none for goods in kind.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        let currency = self.currency?;
        Some(Money::new(self.lines.iter().map(|line| line.amount.minor).sum(), currency))
    }
}
