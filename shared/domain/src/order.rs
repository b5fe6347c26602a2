//! Orders: what was ordered from whom, with whose money, and what became of it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::LotId;
use super::lot::Timestamp;
use super::money::{Currency, Money, MoneyError};
use super::price::Price;
use super::quantity::{Quantity, Unit};
use super::supplier::Charge;

/// The status of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// It is above the limit. Somebody other than its author has to approve it.
    AwaitingApproval,
    /// Its content is fixed, and it will be sent.
    Issued,
    /// It was sent, and the supplier has to respond.
    Sent,
    /// The supplier asks for other terms, which cannot be accepted automatically. The secretariat has to decide.
    Changed,
    /// The supplier accepted it, perhaps with changes.
    Accepted,
    /// Refused by the supplier or by the approver.
    Refused,
    /// It was cancelled before anything of it arrived.
    Cancelled,
    /// Everything that arrived is received and paid, and nothing more will arrive.
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

    /// Whether the order counts against its framework contract.
    #[must_use]
    pub fn calls_off(self) -> bool {
        self.is_live() || self == Self::Completed
    }
}

/// The part of an order line that one envelope pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineShare {
    pub envelope: String,
    /// The amount, in the order's currency.
    pub covers: Money,
}

/// Terms that differ from the order. The secretariat has to decide on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Terms {
    /// The price of one unit that the supplier asks for.
    pub unit_price: Price,
    /// The day on which the supplier would deliver.
    pub due: NaiveDate,
    /// Why they were not accepted automatically.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// The secretariat's answer to other terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TermsDecision {
    /// The terms are accepted. The difference is paid, once the necessary consents are given.
    Accept,
    /// The lots leave the order, and are matched again at the current price.
    Rematch,
    /// The terms are not accepted, and nothing is bought at that price for these lots.
    Reject,
}

/// The packs in which a line is bought. They stay as agreed, even if the offer changes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Packs {
    /// The number of whole packs. Packs that the lot shares with others count only in the sum for the item.
    pub quantity: Quantity,
    /// The unit of the pack. The price is for one pack.
    pub unit: Unit,
    /// How much of the line's unit one pack holds.
    pub each: Quantity,
}

/// One line of an order, for one lot. Its quantities are in the unit of the lot. Responses, despatches and receipts
/// use the same unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub lot: LotId,
    /// The item as the offer names it.
    pub item: String,
    /// The bought quantity.
    pub quantity: Quantity,
    /// The packs, if it is sold by another unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packs: Option<Packs>,
    /// The part that nobody requested. The offer's minimum or increment makes it necessary.
    #[serde(default, skip_serializing_if = "Quantity::is_zero")]
    pub surplus: Quantity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus_payer: Option<String>,
    /// The public code of the consignee that owns the surplus. `None` means the consignee of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus_owner: Option<String>,
    pub unit: Unit,
    /// The price of one unit, or of one pack.
    pub unit_price: Price,
    /// Goods and charges together.
    pub amount: Money,
    /// The charges, each with the party that it is due to. Empty in orders by versions that did not store charges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    pub offer: String,
    /// The number of the framework contract from which the line is called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    /// The public code of the consignee.
    pub consignee: String,
    /// The day on which the delivery is due.
    pub due: NaiveDate,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<LineShare>,
    /// The originally ordered price, if another one was agreed later. The tolerance is measured from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_at: Option<Price>,
    /// Other terms that the supplier asks for, until the secretariat has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Terms>,
}

impl OrderLine {
    /// What the price is for: a number of packs, or of units. Parts of packs are counted in units.
    #[must_use]
    pub fn priced(&self) -> (Quantity, Unit) {
        match self.whole_packs() {
            Some(packs) => (packs.quantity, packs.unit),
            None => (self.quantity, self.unit),
        }
    }

    /// The public code of the consignee that owns the surplus.
    #[must_use]
    pub fn surplus_owner(&self) -> &str {
        self.surplus_owner.as_deref().unwrap_or(&self.consignee)
    }

    /// The packs of this line, if they are whole.
    #[must_use]
    pub fn whole_packs(&self) -> Option<Packs> {
        let is_whole = |packs: &Packs| {
            let held = i128::from(packs.quantity.0) * i128::from(packs.each.0);
            held == i128::from(self.quantity.0) * i128::from(Quantity::ONE)
        };
        self.packs.filter(is_whole)
    }

    /// The sum of its charges.
    #[must_use]
    pub fn charged(&self) -> Money {
        let minor = self.charges.iter().map(|charge| charge.amount.minor).sum();
        Money::new(minor, self.amount.currency)
    }

    /// The amount that is due to `supplier`: the goods, and the charges that the supplier gets.
    #[must_use]
    pub fn due_to(&self, supplier: &str) -> Money {
        let others = self.charges.iter().filter(|charge| charge.due_to != supplier);
        let others: i64 = others.map(|charge| charge.amount.minor).sum();
        Money::new(self.amount.minor - others, self.amount.currency)
    }

    /// Distributes what the line costs beyond its goods among its charges again.
    pub fn recharge(&mut self) {
        let Ok(goods) = self.goods(self.unit_price) else { return };
        let sum = Money::new((self.amount.minor - goods.minor).max(0), goods.currency);
        let weights: Vec<u64> =
            self.charges.iter().map(|charge| u64::from(charge.basis_points)).collect();
        for (charge, amount) in self.charges.iter_mut().zip(sum.shares(&weights)) {
            charge.amount = amount;
        }
    }

    /// The cost of its goods at `price` for one unit, or one pack.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past `i64`.
    pub fn goods(&self, price: Price) -> Result<Money, MoneyError> {
        let each = self.packs.map_or(Quantity::ONE, |packs| packs.each.0);
        price.of_each(self.quantity, Quantity(each))
    }
}

/// An order to one supplier, through one channel, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The number. It is also the idempotency key for sending the order.
    pub number: String,
    /// The supplier. For goods in kind it is the donor.
    pub supplier: String,
    /// Who buys.
    pub channel: String,
    /// The currency. `None` for goods in kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Who drew it up. This is never the one who approves it.
    pub author: String,
    pub created: Timestamp,
    /// Its lines, as they were agreed. Their lots, which name the order, say what became of them. Parts that were
    /// split off from a lot belong to its line.
    pub lines: Vec<OrderLine>,
    /// The contribution in kind that it uses, if no money pays for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_kind: Option<String>,
    /// Why somebody else has to approve it before it is sent. Empty means that nobody has to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approval: Vec<String>,
    /// What left the order after it was sent, by the lot of the line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancelled: Vec<CancelledPart>,
}

/// What left an order after it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelledPart {
    /// The lot of the line.
    pub lot: LotId,
    /// The quantity that left.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "6")]
    pub quantity: Quantity,
}

impl Order {
    /// The line of `lot`. A part that an older version split off has none: it belongs to the order's last line for
    /// the same line of the requisition.
    #[must_use]
    pub fn line(&self, lot: LotId) -> Option<&OrderLine> {
        let own = self.lines.iter().find(|line| line.lot == lot);
        own.or_else(|| self.lines.iter().rev().find(|line| line.lot.line() == lot.line()))
    }

    /// The quantity that was taken off the line of `lot` after the order was drawn up.
    #[must_use]
    pub fn cancelled_of(&self, lot: LotId) -> Quantity {
        self.cancelled.iter().filter(|part| part.lot == lot).map(|part| part.quantity).sum()
    }

    /// Whether the secretariat has to decide on other terms.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.lines.iter().any(|line| line.asked.is_some())
    }

    /// The cost of all lines together. `None` for goods in kind.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        let currency = self.currency?;
        Some(Money::new(self.lines.iter().map(|line| line.amount.minor).sum(), currency))
    }
}
