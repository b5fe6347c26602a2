//! Orders: what was asked of whom, on whose money, and what became of it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::LotId;
use super::lot::Timestamp;
use super::money::{Currency, Money, MoneyError};
use super::price::Price;
use super::quantity::{Quantity, Unit};
use super::supplier::Charge;

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
    /// Its supplier asks for other terms than may be accepted without a person: the secretariat decides.
    Changed,
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
            Self::AwaitingApproval | Self::Issued | Self::Sent | Self::Changed | Self::Accepted => {
                true
            }
            Self::Refused | Self::Cancelled | Self::Completed => false,
        }
    }

    /// Whether what it buys counts against its framework contract.
    #[must_use]
    pub fn calls_off(self) -> bool {
        self.is_live() || self == Self::Completed
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

/// Other terms than were ordered, on which the secretariat has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Terms {
    /// The price of one unit that the supplier asks.
    pub unit_price: Price,
    /// The day on which it would deliver.
    pub due: NaiveDate,
    /// Why they were not accepted at once.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// What the secretariat answers to changed terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TermsDecision {
    /// They are agreed to: the difference is paid, with the consents that this needs.
    Accept,
    /// The lots leave the order, and are matched again at the price that is known now.
    Rematch,
    /// They are not agreed to, and nothing is bought at that price for these lots.
    Reject,
}

/// The packs in which a line is bought. They stay as agreed, whatever becomes of the offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Packs {
    /// How many whole packs; those that are shared with other lots of the item are on its sum.
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
    /// Whose stock the surplus is, by the public code of a consignee; none: that of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus_owner: Option<String>,
    /// The unit.
    pub unit: Unit,
    /// The price of one unit, or of one pack.
    pub unit_price: Price,
    /// Goods and charges together.
    pub amount: Money,
    /// The charges, each with whom it is due to. Orders of versions that did not keep them have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    /// The offer.
    pub offer: String,
    /// The framework contract that it calls off from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    /// The public code of the consignee.
    pub consignee: String,
    /// The day it is due.
    pub due: NaiveDate,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<LineShare>,
    /// The price by which it was ordered, once another one was agreed: a tolerance counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_at: Option<Price>,
    /// Other terms that its supplier asks for, until the secretariat has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Terms>,
}

impl OrderLine {
    /// What is priced: units, or packs, with their unit. A part of a pack is counted in units.
    #[must_use]
    pub fn priced(&self) -> (Quantity, Unit) {
        match self.whole_packs() {
            Some(packs) => (packs.quantity, packs.unit),
            None => (self.quantity, self.unit),
        }
    }

    /// The public code of the consignee whose stock the surplus is.
    #[must_use]
    pub fn surplus_owner(&self) -> &str {
        self.surplus_owner.as_deref().unwrap_or(&self.consignee)
    }

    /// The packs that it comes in, if they are whole.
    #[must_use]
    pub fn whole_packs(&self) -> Option<Packs> {
        let is_whole = |packs: &Packs| {
            let held = i128::from(packs.quantity.0) * i128::from(packs.each.0);
            held == i128::from(self.quantity.0) * i128::from(Quantity::ONE)
        };
        self.packs.filter(is_whole)
    }

    /// What its charges come to.
    #[must_use]
    pub fn charged(&self) -> Money {
        let minor = self.charges.iter().map(|charge| charge.amount.minor).sum();
        Money::new(minor, self.amount.currency)
    }

    /// What is due to `supplier` for it: the goods, and the charges that it gets.
    #[must_use]
    pub fn due_to(&self, supplier: &str) -> Money {
        let others = self.charges.iter().filter(|charge| charge.due_to != supplier);
        let others: i64 = others.map(|charge| charge.amount.minor).sum();
        Money::new(self.amount.minor - others, self.amount.currency)
    }

    /// Deals what it costs above its goods anew to its charges.
    pub fn recharge(&mut self) {
        let Ok(goods) = self.goods(self.unit_price) else { return };
        let sum = Money::new((self.amount.minor - goods.minor).max(0), goods.currency);
        let weights: Vec<u64> =
            self.charges.iter().map(|charge| u64::from(charge.basis_points)).collect();
        for (charge, amount) in self.charges.iter_mut().zip(sum.shares(&weights)) {
            charge.amount = amount;
        }
    }

    /// What its goods cost at `price` for one unit, or one pack.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past `i64`.
    pub fn goods(&self, price: Price) -> Result<Money, MoneyError> {
        let each = self.packs.map_or(Quantity::ONE, |packs| packs.each.0);
        price.of_each(self.quantity, Quantity(each))
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
    /// Why somebody else has to approve it before it is sent; none: nobody has to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approval: Vec<String>,
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
    /// The line of `lot`; of a part that an earlier version split off, the last of what its line asks for.
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

    /// Whether the secretariat has to decide on terms that its supplier asks for.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.lines.iter().any(|line| line.asked.is_some())
    }

    /// What all lines cost together; none for goods in kind.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        let currency = self.currency?;
        Some(Money::new(self.lines.iter().map(|line| line.amount.minor).sum(), currency))
    }
}
