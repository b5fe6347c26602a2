//! Who sells: suppliers, their offers, and the charges that come on top of goods.

use std::fmt;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admissible::LONGEST_LEAD;
use super::money::Money;
use super::price::Price;
use super::quantity::{Quantity, Unit};

/// A framework contract; orders under it are call-offs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Framework {
    /// The contract's number.
    pub number: String,
    /// The last day of a call-off.
    pub ends: NaiveDate,
    /// What can still be called off.
    pub ceiling: Money,
}

/// What one unit of an offer or a gift holds of another unit: one `BX` holds 5 `H87`.
///
/// Everything that a ledger keeps is in the other unit, so a pack is never a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pack {
    /// How much one of them holds.
    pub quantity: Quantity,
    /// The unit of what it holds.
    pub unit: Unit,
}

impl Pack {
    /// The fewest packs that hold `wanted`.
    #[must_use]
    pub fn packs_for(self, wanted: Quantity) -> Quantity {
        let held = self.quantity.0.max(1);
        let packs = wanted.0.max(0) / held + i64::from(wanted.0.max(0) % held > 0);
        Quantity(packs.saturating_mul(Quantity::ONE))
    }

    /// The whole packs that can be made of `content`.
    #[must_use]
    pub fn whole_in(self, content: Quantity) -> Quantity {
        let packs = content.0.max(0) / self.quantity.0.max(1);
        Quantity(packs.saturating_mul(Quantity::ONE))
    }

    /// What `packs` hold.
    #[must_use]
    pub fn held_by(self, packs: Quantity) -> Quantity {
        let held = i128::from(packs.0) * i128::from(self.quantity.0) / i128::from(Quantity::ONE);
        Quantity(i64::try_from(held).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Pack {
    /// `5 H87`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.quantity, self.unit)
    }
}

/// A supplier's price for an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The id its author gave it.
    pub id: String,
    /// The supplier.
    pub supplier: String,
    /// The item.
    pub item: String,
    /// The unit it is sold by: price, minimum and increment are by it.
    pub unit: Unit,
    /// What one of that unit holds, where it is a pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack_of: Option<Pack>,
    /// The price of one unit.
    pub unit_price: Price,
    /// The smallest quantity sold.
    pub minimum: Quantity,
    /// The step by which more is sold.
    pub increment: Quantity,
    /// Days from order to receipt.
    pub lead_days: u32,
    /// The first day it holds.
    pub from: NaiveDate,
    /// The last day it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// Who buys through it: a buying agent, or a donor's own procurement.
    pub channel: String,
    /// The framework contract it stands under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<Framework>,
    /// The folder that stated it does not have it any more: nothing is ordered by it until somebody
    /// ends or keeps it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_suspended: bool,
}

impl Offer {
    /// The days from an order to its receipt; an older version took more than are taken now.
    #[must_use]
    pub fn lead(&self) -> Days {
        Days::new(self.lead_days.min(LONGEST_LEAD).into())
    }

    /// Whether it can be ordered by on `day`.
    #[must_use]
    pub fn is_open(&self, day: NaiveDate) -> bool {
        !self.is_suspended
            && self.from <= day
            && self.to.is_none_or(|to| day <= to)
            && self.framework.as_ref().is_none_or(|framework| day <= framework.ends)
    }

    /// What a lot keeps as refused when not the offer was, but its price.
    #[must_use]
    pub fn at_price(&self) -> String {
        format!("{} at {}", self.id, self.unit_price)
    }

    /// How something asked for in `unit` can be bought: none if it is sold by another unit and not in
    /// packs of this one.
    #[must_use]
    pub fn sold_by(&self, unit: Unit) -> Option<SoldBy> {
        if self.unit == unit {
            return Some(SoldBy::Unit);
        }
        self.pack_of.filter(|pack| pack.unit == unit).map(SoldBy::Pack)
    }

    /// What has to be bought to have `wanted`, which is not nothing: a multiple of the increment, and at
    /// least the minimum, which is itself raised to a multiple.
    #[must_use]
    pub fn buyable(&self, wanted: Quantity) -> Quantity {
        let step = self.increment.0.max(1);
        let least = wanted.0.max(self.minimum.0).max(0);
        let steps = least / step + i64::from(least % step > 0);
        Quantity(steps.saturating_mul(step))
    }

    /// Whether whoever wants some of it never has to buy more.
    #[must_use]
    pub fn is_sold_freely(&self) -> bool {
        self.pack_of.is_none() && self.has_no_minimum()
    }

    fn has_no_minimum(&self) -> bool {
        let atom = if self.unit.is_whole() { Quantity::ONE } else { 1 };
        self.minimum.0 <= atom && self.increment.0 <= atom
    }
}

/// How an offer sells what a line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoldBy {
    /// By the line's own unit.
    Unit,
    /// In whole packs, each of which holds so much of the line's unit.
    Pack(Pack),
}

impl SoldBy {
    /// `price` for one unit of the offer and `estimate` for one unit of the line, both for as much: for a
    /// pack; none past `i64`.
    #[must_use]
    pub fn comparable(self, price: i64, estimate: i64) -> Option<(i64, i64)> {
        match self {
            Self::Unit => Some((price, estimate)),
            Self::Pack(pack) => {
                let held = i128::from(estimate) * i128::from(pack.quantity.0);
                let held = i64::try_from(held / i128::from(Quantity::ONE)).ok()?;
                Some((price, held))
            }
        }
    }
}

/// What a charge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChargeKind {
    /// Carriage.
    Freight,
    /// Insurance in transit.
    Insurance,
    /// The buying agent's fee.
    AgentFee,
    /// Tax that cannot be recovered.
    Tax,
}

impl ChargeKind {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Freight => "freight",
            Self::Insurance => "insurance",
            Self::AgentFee => "agent fee",
            Self::Tax => "tax",
        }
    }
}

/// What is charged on the goods of an order line besides their price, and who gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Charge {
    /// What it is for.
    pub kind: ChargeKind,
    /// The party that it is due to: the supplier, the buying agent, or another one that the rule names.
    pub due_to: String,
    /// Its rate, in hundredths of a per cent (basis points) of the goods.
    pub basis_points: u32,
    /// How much, in the order's currency.
    pub amount: Money,
}

/// A charge on the goods of an order, by channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeRule {
    /// The channel it applies to; none: every channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What it is for.
    pub kind: ChargeKind,
    /// The rate in hundredths of a per cent (basis points) of the goods.
    pub basis_points: u32,
    /// The party that it is due to; `None`: an agent fee is due to the buying agent, the rest to the supplier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_to: Option<String>,
}

impl ChargeRule {
    /// The party that it is due to, when `channel` buys from `supplier`.
    #[must_use]
    pub fn payee<'a>(&'a self, channel: &'a str, supplier: &'a str) -> &'a str {
        match (&self.due_to, self.kind) {
            (Some(party), _) => party,
            (None, ChargeKind::AgentFee) => channel,
            (None, ChargeKind::Freight | ChargeKind::Insurance | ChargeKind::Tax) => supplier,
        }
    }
}

/// Who pays for what a minimum, an increment or a pack adds to what is wanted. They hold for an item on
/// an order, so of the lots that are bought together one pays for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surplus {
    /// This lot, which is bought with `others`; `paid` of it is paid for already.
    Borne {
        /// What other lots want.
        others: Quantity,
        /// What is paid for above that.
        paid: Quantity,
    },
    /// This lot pays for so much of it.
    Fixed(Quantity),
}

impl Surplus {
    /// Of a lot that is bought alone.
    pub const ALONE: Self = Self::Borne { others: Quantity::ZERO, paid: Quantity::ZERO };
    /// Another lot pays for it.
    pub const ELSEWHERE: Self = Self::Fixed(Quantity::ZERO);
}

/// What an item costs by one offer, charges included. Quantities that are wanted and bought are in the
/// unit of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The offer; none while only the requester's estimate is known.
    pub offer: Option<Offer>,
    /// The price of one unit, or of one pack.
    pub unit_price: Price,
    /// By what it is sold.
    pub sold_by: SoldBy,
    /// All charges, in basis points of the goods.
    pub charges_bp: i64,
    /// Who pays for what is bought above what is wanted.
    pub surplus: Surplus,
}

impl Quote {
    /// Whether it never makes anybody buy more than is wanted.
    #[must_use]
    pub fn is_free(&self) -> bool {
        let is_free = |offer: &Offer| offer.has_no_minimum();
        self.sold_by == SoldBy::Unit && self.offer.as_ref().is_none_or(is_free)
    }

    /// What has to be bought on one order to have `wanted` of it, by however many lots.
    #[must_use]
    pub fn bought(&self, wanted: Quantity) -> Quantity {
        let priced = self.priced(wanted);
        match self.sold_by {
            SoldBy::Unit => priced,
            SoldBy::Pack(pack) => pack.held_by(priced),
        }
    }

    /// The same in what is priced: packs, where it is sold in packs.
    #[must_use]
    pub fn priced(&self, wanted: Quantity) -> Quantity {
        if wanted.is_zero() {
            return wanted;
        }
        let wanted = match self.sold_by {
            SoldBy::Unit => wanted,
            SoldBy::Pack(pack) => pack.packs_for(wanted),
        };
        self.offer.as_ref().map_or(wanted, |offer| offer.buyable(wanted))
    }

    /// What a lot that wants so much buys and pays for above it.
    #[must_use]
    pub fn surplus(&self, wanted: Quantity) -> Quantity {
        match self.surplus {
            Surplus::Borne { others, paid } => {
                let together = Quantity(wanted.0.saturating_add(others.0));
                self.bought(together).less(together).less(paid)
            }
            Surplus::Fixed(surplus) => surplus,
        }
    }

    /// What exactly `quantity` costs, rounded half up to the minor unit, without charges.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`](super::money::MoneyError::Overflow) past `i64`.
    pub fn goods_of(&self, quantity: Quantity) -> Result<Money, super::money::MoneyError> {
        let each = match self.sold_by {
            SoldBy::Unit => Quantity(Quantity::ONE),
            SoldBy::Pack(pack) => pack.quantity,
        };
        self.unit_price.of_each(quantity, each)
    }

    /// What exactly `quantity` costs with charges, each rounded half up to the minor unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`](super::money::MoneyError::Overflow) past `i64`.
    pub fn cost_of(&self, quantity: Quantity) -> Result<Money, super::money::MoneyError> {
        let goods = self.goods_of(quantity)?;
        goods.checked_add(goods.scaled(self.charges_bp, 10_000)?)
    }

    /// What the goods cost of a lot that wants so much, with what it buys above that.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`](super::money::MoneyError::Overflow) past `i64`.
    pub fn goods(&self, wanted: Quantity) -> Result<Money, super::money::MoneyError> {
        self.goods_of(self.with_surplus(wanted)?)
    }

    /// Goods and charges of a lot that wants so much, with what it buys above that.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`](super::money::MoneyError::Overflow) past `i64`.
    pub fn cost(&self, wanted: Quantity) -> Result<Money, super::money::MoneyError> {
        self.cost_of(self.with_surplus(wanted)?)
    }

    fn with_surplus(&self, wanted: Quantity) -> Result<Quantity, super::money::MoneyError> {
        let all = wanted.0.checked_add(self.surplus(wanted).0);
        all.map(Quantity).ok_or(super::money::MoneyError::Overflow)
    }
}
