//! What a matcher is asked, and what it answers. Envelopes, groups and lots are named by their
//! places in the problem's lists.

use chrono::NaiveDate;

use waybill_domain::money::{Currency, Money, Rate};
use waybill_domain::pipeline::{Preference, WhenUnaffordable};
use waybill_domain::quantity::Quantity;
use waybill_domain::supplier::Quote;

/// Money, lots that want it, and by which rules it is given.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The currency in which the optimum is exact, and its rate.
    pub base: (Currency, Rate),
    /// The money.
    pub envelopes: Vec<Envelope>,
    /// Sets of envelopes that lots may use.
    pub groups: Vec<Vec<usize>>,
    /// The lots, highest priority first.
    pub demands: Vec<Demand>,
    /// What the lots of a requester may cost together, in minor units of the base.
    pub requesters: Vec<i64>,
    /// The rules.
    pub policy: Policy,
}

/// Money that can be set aside.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The contribution's id.
    pub id: String,
    /// Who gives it; of several, all of them.
    pub donor: String,
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
}

/// A lot that wants money.
#[derive(Debug, Clone)]
pub struct Demand {
    /// What it costs, with charges.
    pub cost: Money,
    /// Units of the cost's currency for one EUR.
    pub rate: Rate,
    /// The set of envelopes that it may use.
    pub group: usize,
    /// The class of its priority.
    pub class: i64,
    /// How it may be funded in part; none: it is funded whole.
    pub parts: Option<Parts>,
    /// Who was to pay for it so far, in minor units of the base that add up to its cost: it keeps
    /// its payers unless they are needed for others.
    pub held: Vec<(usize, i64)>,
    /// Whose ceiling it falls under, of the problem's requesters.
    pub requester: Option<usize>,
    /// Lots with the same number are funded together or not at all.
    pub bundle: Option<usize>,
}

/// How a lot may be split.
#[derive(Debug, Clone)]
pub struct Parts {
    /// How much of its line it is.
    pub quantity: Quantity,
    /// The smallest quantity of either part.
    pub smallest: Quantity,
    /// Whether only whole units can be bought.
    pub is_whole: bool,
    /// What it costs.
    pub quote: Quote,
}

/// By which rules money is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// So many donors pay for one lot at most; none: any number.
    pub max_donors: Option<usize>,
    /// What happens with money that an unaffordable lot could use.
    pub when_unaffordable: WhenUnaffordable,
    /// Money that is kept for lots of a class, in minor units of the base.
    pub reserves: Vec<(i64, i64)>,
    /// What a donor may give altogether, in minor units of the base.
    pub donor_caps: Vec<(String, i64)>,
    /// Which money is used first.
    pub order: Vec<Preference>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_donors: None,
            when_unaffordable: WhenUnaffordable::FillDown,
            reserves: Vec::new(),
            donor_caps: Vec::new(),
            order: Preference::DEFAULT.to_vec(),
        }
    }
}

/// A part of a lot's cost that an envelope pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The envelope.
    pub envelope: usize,
    /// What it costs the envelope, in its currency.
    pub amount: Money,
    /// What it pays, in the currency of the cost.
    pub covers: Money,
}

/// What is said about one lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Funded.
    Funded {
        /// How much of it, if not all.
        part: Option<Quantity>,
        /// Who pays.
        payments: Vec<Payment>,
    },
    /// Not funded.
    Unfunded(Unfunded),
}

/// Why a lot is not funded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfunded {
    /// The money that it may use is spent on lots ahead of it.
    Money {
        /// The smallest amount of new money for this lot (or for what must be funded with it) that
        /// would fund it with all the lots ahead that are funded, in the base currency.
        missing: Money,
        /// The minimum cut: the place among the solution's cuts.
        cut: usize,
    },
    /// Its requester's ceiling is reached.
    RequesterCap {
        /// What is left below the ceiling, in the base currency.
        left: Money,
    },
    /// No envelopes of as few donors as the policy allows pay for it together with the lots ahead.
    Donors {
        /// New money that would fund it, in the base currency, in any one of `from`.
        missing: Money,
        /// The envelopes that have most left, of those that it may use.
        from: Vec<usize>,
        /// Whether it was proven that the lot does not fit, or only not found how.
        is_proven: bool,
    },
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Solution {
    /// An answer for each lot.
    pub answers: Vec<Answer>,
    /// Sets of envelopes that are exhausted by lots which can use nothing else.
    pub cuts: Vec<Vec<usize>>,
    /// What each envelope pays, in minor units of its currency.
    pub spent: Vec<i64>,
}
