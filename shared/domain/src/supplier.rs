//! Who sells: suppliers' offers, framework contracts, and the charges on top of goods.

use std::fmt;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admissible::LONGEST_LEAD;
use super::money::Money;
use super::price::Price;
use super::quantity::{Quantity, Unit};

/// A framework contract. Orders under it are call-offs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Framework {
    /// The contract's number.
    pub number: String,
    /// The last day on which an order may be called off.
    pub ends: NaiveDate,
    /// The maximum that may be called off in total.
    pub ceiling: Money,
}

/// How much one unit of an offer or a gift holds of another unit: one `BX` contains 5 `H87`.
///
/// Ledgers keep everything in the other unit, so there are no fractions of packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pack {
    /// The quantity that one pack holds.
    pub quantity: Quantity,
    /// The unit of that quantity.
    pub unit: Unit,
}

impl Pack {
    /// The smallest number of packs that hold `wanted`.
    #[must_use]
    pub fn packs_for(self, wanted: Quantity) -> Quantity {
        let held = self.quantity.0.max(1);
        let packs = wanted.0.max(0) / held + i64::from(wanted.0.max(0) % held > 0);
        Quantity(packs.saturating_mul(Quantity::ONE))
    }

    /// The number of whole packs that `content` makes up.
    #[must_use]
    pub fn whole_in(self, content: Quantity) -> Quantity {
        let packs = content.0.max(0) / self.quantity.0.max(1);
        Quantity(packs.saturating_mul(Quantity::ONE))
    }

    /// The content of `packs`.
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
    /// The id that its author gave it.
    pub id: String,
    pub supplier: String,
    pub item: String,
    /// The unit in which it is sold. Price, minimum and increment refer to it.
    pub unit: Unit,
    /// What one unit holds, if it is a pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack_of: Option<Pack>,
    /// The price of one unit.
    pub unit_price: Price,
    /// The smallest quantity sold.
    pub minimum: Quantity,
    /// The step in which larger quantities are sold.
    pub increment: Quantity,
    /// Days from order to receipt.
    pub lead_days: u32,
    /// The first day on which it is valid.
    pub from: NaiveDate,
    /// The last day on which it is valid. `None` means that it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// Who buys through it: a buying agent, or a donor's own procurement.
    pub channel: String,
    /// The framework contract that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<Framework>,
    /// Whether the folder that stated it no longer has it. Nothing is ordered from it until somebody ends or keeps
    /// it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_suspended: bool,
}

impl Offer {
    /// The days from an order to its receipt. They are capped, because older versions accepted more days.
    #[must_use]
    pub fn lead(&self) -> Days {
        Days::new(self.lead_days.min(LONGEST_LEAD).into())
    }

    /// Whether it can be ordered from on `day`.
    #[must_use]
    pub fn is_open(&self, day: NaiveDate) -> bool {
        !self.is_suspended
            && self.from <= day
            && self.to.is_none_or(|to| day <= to)
            && self.framework.as_ref().is_none_or(|framework| day <= framework.ends)
    }

    /// What a lot records as refused if only the price was refused, and not the offer.
    #[must_use]
    pub fn at_price(&self) -> String {
        format!("{} at {}", self.id, self.unit_price)
    }

    /// How something requested in `unit` can be bought. `None` if the offer is sold by another unit and not in
    /// packs of `unit`.
    #[must_use]
    pub fn sold_by(&self, unit: Unit) -> Option<SoldBy> {
        if self.unit == unit {
            return Some(SoldBy::Unit);
        }
        self.pack_of.filter(|pack| pack.unit == unit).map(SoldBy::Pack)
    }

    /// The quantity to buy to get `wanted`, which must not be zero: a multiple of the increment, and at least the
    /// minimum (rounded up to such a multiple).
    #[must_use]
    pub fn buyable(&self, wanted: Quantity) -> Quantity {
        let step = self.increment.0.max(1);
        let least = wanted.0.max(self.minimum.0).max(0);
        let steps = least / step + i64::from(least % step > 0);
        Quantity(steps.saturating_mul(step))
    }

    /// Whether nobody ever has to buy more than wanted.
    #[must_use]
    pub fn is_sold_freely(&self) -> bool {
        self.pack_of.is_none() && self.has_no_minimum()
    }

    fn has_no_minimum(&self) -> bool {
        let atom = if self.unit.is_whole() { Quantity::ONE } else { 1 };
        self.minimum.0 <= atom && self.increment.0 <= atom
    }
}

/// How an offer sells what a line requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoldBy {
    /// By the line's own unit.
    Unit,
    /// In whole packs that hold the line's unit.
    Pack(Pack),
}

impl SoldBy {
    /// Makes the offer's `price` for one of its units and the line's `estimate` for one of the line's units
    /// comparable. For packs, both are for one pack. `None` past `i64`.
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

/// A charge on the goods of an order line, on top of their price, and the party that gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Charge {
    /// What it is for.
    pub kind: ChargeKind,
    /// The party that gets it: the supplier, the buying agent, or another one that the rule names.
    pub due_to: String,
    /// The rate, in basis points (hundredths of a per cent) of the goods.
    pub basis_points: u32,
    /// The amount, in the order's currency.
    pub amount: Money,
}

/// A charge on the goods of an order, by channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeRule {
    /// The channel that it applies to. `None` means every channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    pub kind: ChargeKind,
    /// The rate, in basis points (hundredths of a per cent) of the goods.
    pub basis_points: u32,
    /// The party that gets it. `None` means the buying agent for an agent fee, and the supplier for anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_to: Option<String>,
}

impl ChargeRule {
    /// The party that gets it, if `channel` buys from `supplier`.
    #[must_use]
    pub fn payee<'a>(&'a self, channel: &'a str, supplier: &'a str) -> &'a str {
        match (&self.due_to, self.kind) {
            (Some(party), _) => party,
            (None, ChargeKind::AgentFee) => channel,
            (None, ChargeKind::Freight | ChargeKind::Insurance | ChargeKind::Tax) => supplier,
        }
    }
}

/// Who pays for goods that are bought beyond the need because of a minimum, an increment or a pack. These apply to
/// an item on an order, so one of the lots that are bought together pays for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surplus {
    /// This lot pays. It is bought together with `others`, and `paid` of the surplus is already paid for.
    Borne {
        /// The quantity that the other lots want.
        others: Quantity,
        /// The part of the surplus that is already paid for.
        paid: Quantity,
    },
    /// This lot pays for exactly this quantity of it.
    Fixed(Quantity),
}

impl Surplus {
    /// For a lot that is bought alone.
    pub const ALONE: Self = Self::Borne { others: Quantity::ZERO, paid: Quantity::ZERO };
    /// Another lot pays for it.
    pub const ELSEWHERE: Self = Self::Fixed(Quantity::ZERO);
}

/// The cost of an item by one offer, including charges. Wanted and bought quantities are in the unit of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The offer. `None` as long as only the requester's estimate is known.
    pub offer: Option<Offer>,
    /// The price of one unit, or of one pack.
    pub unit_price: Price,
    /// How it is sold.
    pub sold_by: SoldBy,
    /// The sum of all charges, in basis points of the goods.
    pub charges_bp: i64,
    /// Who pays for what is bought beyond the need.
    pub surplus: Surplus,
}

impl Quote {
    /// Whether nobody ever has to buy more than wanted.
    #[must_use]
    pub fn is_free(&self) -> bool {
        let is_free = |offer: &Offer| offer.has_no_minimum();
        self.sold_by == SoldBy::Unit && self.offer.as_ref().is_none_or(is_free)
    }

    /// The quantity to buy on one order to get `wanted`, by any number of lots together.
    #[must_use]
    pub fn bought(&self, wanted: Quantity) -> Quantity {
        let priced = self.priced(wanted);
        match self.sold_by {
            SoldBy::Unit => priced,
            SoldBy::Pack(pack) => pack.held_by(priced),
        }
    }

    /// The same in the priced unit: packs, if it is sold in packs.
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

    /// The surplus that a lot which wants `wanted` buys and pays for.
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

    /// The cost of exactly `quantity` without charges, rounded half up to the minor unit.
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

    /// The cost of exactly `quantity` with charges. Goods and charges are each rounded half up to the minor unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`](super::money::MoneyError::Overflow) past `i64`.
    pub fn cost_of(&self, quantity: Quantity) -> Result<Money, super::money::MoneyError> {
        let goods = self.goods_of(quantity)?;
        goods.checked_add(goods.scaled(self.charges_bp, 10_000)?)
    }

    /// The cost of the goods of a lot that wants `wanted`, including its surplus.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`](super::money::MoneyError::Overflow) past `i64`.
    pub fn goods(&self, wanted: Quantity) -> Result<Money, super::money::MoneyError> {
        self.goods_of(self.with_surplus(wanted)?)
    }

    /// The cost of the goods and charges of a lot that wants `wanted`, including its surplus.
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
