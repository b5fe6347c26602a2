//! What donors promise: pledges and commitments, in funds or in kind.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::{Currency, Money};
use super::quantity::{Quantity, Unit};
use super::supplier::Pack;

/// How firm a contribution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Firmness {
    /// Indicative: it may have no amount, and cannot be used.
    Pledge,
    /// Firm and in writing: it can be used.
    Commitment,
}

/// When donors are asked before their money is used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Never.
    #[default]
    None,
    /// For each lot.
    EachLine,
    /// For shares above this amount, in minor units of the envelope's currency.
    Above(i64),
}

/// Restrictions of use. An empty list does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Earmark {
    /// Only these prefixes of classification codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<String>,
    /// Only these items.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// Only these requesters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requesters: Vec<String>,
    /// Not these items, and not these prefixes of classification codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<String>,
    /// The only channel that may buy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// A part of an envelope that becomes usable on a given day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tranche {
    /// The first day on which it can be used.
    pub opens: NaiveDate,
    /// The amount, in minor units of the envelope's currency.
    pub minor: i64,
}

/// Goods given instead of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InKind {
    /// The item.
    pub item: String,
    /// The quantity, in thousandths of the unit.
    pub quantity: Quantity,
    /// The unit. `None` if the gift was stated before units were stored; it can then serve any line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// What one unit holds, if it is a pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack_of: Option<Pack>,
    /// Days from the agreement to the receipt.
    pub lead_days: u32,
}

impl InKind {
    /// Converts `quantity` of `unit` to the unit in which the stock of this gift is counted: the content of its
    /// packs, or its own unit. `None` if the gift does not serve `unit`.
    #[must_use]
    pub fn counted(&self, quantity: Quantity, unit: Unit) -> Option<Quantity> {
        let is_own = self.unit.is_none_or(|own| own == unit);
        match self.pack_of {
            Some(pack) if pack.unit == unit => Some(quantity),
            Some(pack) if is_own => Some(pack.held_by(quantity)),
            None if is_own => Some(quantity),
            Some(_) | None => None,
        }
    }

    /// How much of `unit` can be given from `left`, a part of the stock. Packs are only given whole.
    #[must_use]
    pub fn can_give(&self, left: Quantity, unit: Unit) -> Option<Quantity> {
        self.counted(Quantity::ZERO, unit)?;
        match self.pack_of {
            Some(pack) if pack.unit != unit => Some(pack.whole_in(left)),
            Some(_) | None => Some(left),
        }
    }

    /// The whole gift, in the unit in which its stock is counted.
    #[must_use]
    pub fn stock(&self) -> Quantity {
        self.pack_of.map_or(self.quantity, |pack| pack.held_by(self.quantity))
    }
}

impl fmt::Display for InKind {
    /// `5 box of Toner (5 piece each)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.quantity)?;
        if let Some(unit) = self.unit.filter(|unit| unit.name() != "piece") {
            write!(f, " {}", unit.name())?;
        }
        write!(f, " of {}", self.item)?;
        match self.pack_of {
            Some(pack) => write!(f, " ({} {} each)", pack.quantity, pack.unit.name()),
            None => Ok(()),
        }
    }
}

/// A pledge or a commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contribution {
    /// The id that its author gave it, such as `LU-2024-1`. Its envelope has the same id.
    pub id: String,
    /// The donors. Several donors give jointly, and the contribution is not split between them.
    pub donors: Vec<String>,
    /// Pledge or commitment.
    pub firmness: Firmness,
    /// The day on which it was stated.
    pub stated: NaiveDate,
    /// The amount. `None` if it is not quantified or is in kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The goods that are given in kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_kind: Vec<InKind>,
    /// The pledge that this commitment converts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converts: Option<String>,
    /// What it may be used for.
    #[serde(default)]
    pub earmark: Earmark,
    /// The parts that become usable on later days. Empty means that all of it is usable at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tranches: Vec<Tranche>,
    /// The last day on which an order can bind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obligate_by: Option<NaiveDate>,
    /// The last day on which it can be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_by: Option<NaiveDate>,
    /// When the donors are asked.
    #[serde(default)]
    pub consent: Consent,
    /// Where it is stated: a page, or `invented`.
    pub source: String,
}

impl Contribution {
    /// Whether it is money that can be used.
    #[must_use]
    pub fn is_fundable(&self) -> bool {
        self.firmness == Firmness::Commitment && self.amount.is_some()
    }

    /// The part of the envelope that is usable on `day`, in minor units.
    #[must_use]
    pub fn opened(&self, day: NaiveDate) -> i64 {
        let Some(amount) = self.amount.filter(|_| self.is_fundable()) else { return 0 };
        if self.tranches.is_empty() {
            return if self.stated <= day { amount.minor } else { 0 };
        }
        let open = self.tranches.iter().filter(|tranche| tranche.opens <= day);
        open.map(|tranche| tranche.minor).sum::<i64>().min(amount.minor)
    }

    /// The currency of its envelope.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.amount.map(|amount| amount.currency)
    }
}
