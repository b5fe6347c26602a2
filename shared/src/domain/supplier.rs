//! Who sells: suppliers, their offers, and the charges that come on top of goods.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

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

/// A supplier's price for an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The id its author gave it.
    pub id: String,
    /// The supplier.
    pub supplier: String,
    /// The item.
    pub item: String,
    /// The unit it is sold by.
    pub unit: Unit,
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

    /// What has to be bought to have `wanted`: the minimum, or rounded up to the increment.
    #[must_use]
    pub fn buyable(&self, wanted: Quantity) -> Quantity {
        let step = self.increment.0.max(1);
        let steps = wanted.0.max(self.minimum.0).saturating_sub(self.minimum.0);
        let rounded = steps.saturating_add(step - 1) / step * step;
        Quantity(self.minimum.0.saturating_add(rounded))
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

/// What an item costs by one offer, charges included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The offer; none while only the requester's estimate is known.
    pub offer: Option<Offer>,
    /// The price of one unit.
    pub unit_price: Money,
    /// All charges, in basis points of the goods.
    pub charges_bp: i64,
}

impl Quote {
    /// What has to be bought to have `wanted`.
    #[must_use]
    pub fn bought(&self, wanted: Quantity) -> Quantity {
        self.offer.as_ref().map_or(wanted, |offer| offer.buyable(wanted))
    }

    /// Goods and charges for `wanted`, each rounded half up to the minor unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`](super::money::MoneyError::Overflow) past `i64`.
    pub fn cost(&self, wanted: Quantity) -> Result<Money, super::money::MoneyError> {
        let goods = self.unit_price.scaled(self.bought(wanted).0, Quantity::ONE)?;
        goods.checked_add(goods.scaled(self.charges_bp, 10_000)?)
    }
}
