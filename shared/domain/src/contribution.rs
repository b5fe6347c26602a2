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
    /// Indicative: may have no amount, cannot be used.
    Pledge,
    /// Firm and written: can be used.
    Commitment,
}

/// When a donor is asked before its money is used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Never.
    #[default]
    None,
    /// For each lot.
    EachLine,
    /// For shares above this many minor units of the envelope's currency.
    Above(i64),
}

/// A restriction of use; an empty list does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Earmark {
    /// Prefixes of classification codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<String>,
    /// Items.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// Requesters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requesters: Vec<String>,
    /// Items, and prefixes of classification codes, that it is not given for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<String>,
    /// The only channel that may buy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// A part of an envelope that opens on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tranche {
    /// The day it opens.
    pub opens: NaiveDate,
    /// Minor units of the envelope's currency.
    pub minor: i64,
}

/// Goods given instead of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InKind {
    /// The item.
    pub item: String,
    /// How much of it, in thousandths of the unit.
    pub quantity: Quantity,
    /// The unit; none: it was not kept (gifts stated before it was), and any line is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// What one of that unit holds, where it is a pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack_of: Option<Pack>,
    /// Days from agreement to receipt.
    pub lead_days: u32,
}

impl InKind {
    /// `quantity` of `unit` in what the stock of this gift is counted in: what its packs hold, or its own
    /// unit; none if it does not serve that unit.
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

    /// How much of `unit` can be given of `left`, as the stock is counted: of packs only whole ones.
    #[must_use]
    pub fn can_give(&self, left: Quantity, unit: Unit) -> Option<Quantity> {
        self.counted(Quantity::ZERO, unit)?;
        match self.pack_of {
            Some(pack) if pack.unit != unit => Some(pack.whole_in(left)),
            Some(_) | None => Some(left),
        }
    }

    /// All of it, as its stock is counted.
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
    /// The id its author gave it, such as `LU-2024-1`; also the id of its envelope.
    pub id: String,
    /// The donors; more than one: joint and not split.
    pub donors: Vec<String>,
    /// Pledge or commitment.
    pub firmness: Firmness,
    /// The day it was stated.
    pub stated: NaiveDate,
    /// The amount; none: not quantified, or in kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// What is given in kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_kind: Vec<InKind>,
    /// The pledge that this commitment converts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converts: Option<String>,
    /// What it may be used for.
    #[serde(default)]
    pub earmark: Earmark,
    /// When parts of it open; empty: all of it at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tranches: Vec<Tranche>,
    /// The last day it can be bound by an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obligate_by: Option<NaiveDate>,
    /// The last day it can be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_by: Option<NaiveDate>,
    /// When the donor is asked.
    #[serde(default)]
    pub consent: Consent,
    /// Where it is written: a page, or `invented`.
    pub source: String,
}

impl Contribution {
    /// Whether it is money that can be used at all.
    #[must_use]
    pub fn is_fundable(&self) -> bool {
        self.firmness == Firmness::Commitment && self.amount.is_some()
    }

    /// The part of the envelope that is open on `day`, in minor units.
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
