//! Who sells: suppliers, their offers, and the charges that come on top of goods.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::Money;
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
    pub unit_price: Money,
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
    /// Whether it can be ordered by on `day`.
    #[must_use]
    pub fn is_open(&self, day: NaiveDate) -> bool {
        !self.is_suspended
            && self.from <= day
            && self.to.is_none_or(|to| day <= to)
            && self.framework.as_ref().is_none_or(|framework| day <= framework.ends)
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

    /// What has to be bought to have `wanted`: the minimum, or rounded up to the increment.
    #[must_use]
    pub fn buyable(&self, wanted: Quantity) -> Quantity {
        let step = self.increment.0.max(1);
        let steps = wanted.0.max(self.minimum.0).saturating_sub(self.minimum.0);
        let rounded = steps.saturating_add(step - 1) / step * step;
        Quantity(self.minimum.0.saturating_add(rounded))
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// What an item costs by one offer, charges included. Quantities that are wanted and bought are in the
/// unit of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The offer; none while only the requester's estimate is known.
    pub offer: Option<Offer>,
    /// The price of one unit, or of one pack.
    pub unit_price: Money,
    /// By what it is sold.
    pub sold_by: SoldBy,
    /// All charges, in basis points of the goods.
    pub charges_bp: i64,
}

impl Quote {
    /// What has to be bought to have `wanted`.
    #[must_use]
    pub fn bought(&self, wanted: Quantity) -> Quantity {
        let priced = self.priced(wanted);
        match self.sold_by {
            SoldBy::Unit => priced,
            SoldBy::Pack(pack) => pack.held_by(priced),
        }
    }

    /// What has to be bought to have `wanted`, in what is priced: packs, where it is sold in packs.
    #[must_use]
    pub fn priced(&self, wanted: Quantity) -> Quantity {
        let wanted = match self.sold_by {
            SoldBy::Unit => wanted,
            SoldBy::Pack(pack) => pack.packs_for(wanted),
        };
        self.offer.as_ref().map_or(wanted, |offer| offer.buyable(wanted))
    }

    /// What the goods cost, rounded half up to the minor unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`](super::money::MoneyError::Overflow) past `i64`.
    pub fn goods(&self, wanted: Quantity) -> Result<Money, super::money::MoneyError> {
        self.unit_price.scaled(self.priced(wanted).0, Quantity::ONE)
    }

    /// Goods and charges for `wanted`, each rounded half up to the minor unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`](super::money::MoneyError::Overflow) past `i64`.
    pub fn cost(&self, wanted: Quantity) -> Result<Money, super::money::MoneyError> {
        let goods = self.goods(wanted)?;
        goods.checked_add(goods.scaled(self.charges_bp, 10_000)?)
    }
}
