//! Matching lots with donors: pure, deterministic, and each answer says why.

mod eligibility;
mod greedy;
mod network;

pub use eligibility::{WhyNot, eligible};
pub use greedy::solve;
pub use network::{Network, Shortfall};

use chrono::NaiveDate;

use crate::domain::contribution::Consent;
use crate::domain::ids::LotId;
use crate::domain::money::{Currency, Money, Rate};
use crate::domain::quantity::Quantity;
use crate::domain::supplier::Quote;

/// Money that can be set aside, as of the round.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The contribution's id.
    pub id: String,
    /// What is left of it, in minor units.
    pub available: i64,
    /// Its currency.
    pub currency: Currency,
    /// Units of its currency for one EUR, frozen for the round.
    pub rate: Rate,
    /// The last day it can be bound by an order.
    pub obligate_by: Option<NaiveDate>,
    /// Whether it may be used for everything.
    pub is_unrestricted: bool,
    /// When its donor is asked.
    pub consent: Consent,
}

/// A lot that waits for money.
#[derive(Debug, Clone)]
pub struct Demand {
    /// The lot.
    pub lot: LotId,
    /// How much of its line it is.
    pub quantity: Quantity,
    /// What it costs.
    pub quote: Quote,
    /// Units of the cost's currency for one EUR.
    pub rate: Rate,
    /// The smallest quantity it may be split down to; none: it is funded whole.
    pub smallest: Option<Quantity>,
    /// Whether only whole units can be bought.
    pub is_whole: bool,
    /// The envelopes it may use, by their place in the list.
    pub eligible: Vec<usize>,
    /// Why it may not use the others.
    pub why_not: Vec<(String, WhyNot)>,
}

/// A part of a lot's cost that an envelope pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The envelope, by its place in the list.
    pub envelope: usize,
    /// What it costs the envelope, in its currency.
    pub amount: Money,
    /// What it pays, in the currency of the cost.
    pub covers: Money,
}

/// What a round says about one lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Funded: `quantity` of it, which is all unless the lot may be split.
    Funded {
        /// How much of the lot.
        quantity: Quantity,
        /// Who pays.
        payments: Vec<Payment>,
    },
    /// Not funded.
    Unfunded {
        /// How much more money, that this lot may use, would have funded it.
        missing: Money,
        /// For each envelope, why it does not pay.
        why: Vec<(String, WhyNot)>,
    },
}

/// What rounds may do.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Several donors may fund one lot.
    pub co_financing: bool,
    /// Lots may be split.
    pub partial: bool,
}
