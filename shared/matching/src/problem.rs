//! What a matcher is asked, and what it answers. Envelopes, groups and lots are named by their index in the
//! problem's lists.

use chrono::NaiveDate;

use waybill_domain::money::{Currency, Money, Rate};
use waybill_domain::pipeline::{Preference, WhenUnaffordable};
use waybill_domain::quantity::Quantity;
use waybill_domain::supplier::Quote;

/// Money, lots that want it, and the rules by which it is given.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The currency in which the optimum is exact, and its rate.
    pub base: (Currency, Rate),
    pub envelopes: Vec<Envelope>,
    /// Sets of envelopes that lots may use.
    pub groups: Vec<Vec<usize>>,
    /// The lots, highest priority first.
    pub demands: Vec<Demand>,
    /// The maximum cost of the lots of each requester that has a ceiling, in minor units of the base currency.
    pub requesters: Vec<i64>,
    pub policy: Policy,
}

/// Money that can be set aside.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The id of the contribution.
    pub id: String,
    /// The donor. Several donors are joined into one name.
    pub donor: String,
    /// What is left of it, in minor units.
    pub available: i64,
    pub currency: Currency,
    /// Units of its currency for one EUR, fixed for the round.
    pub rate: Rate,
    /// The last day on which an order can bind it.
    pub obligate_by: Option<NaiveDate>,
    /// Whether it may be used for everything.
    pub is_unrestricted: bool,
}

/// A lot that wants money.
#[derive(Debug, Clone)]
pub struct Demand {
    /// The cost, including charges.
    pub cost: Money,
    /// Units of the cost's currency for one EUR.
    pub rate: Rate,
    /// The index of the set of envelopes that it may use.
    pub group: usize,
    /// The class of its priority.
    pub class: i64,
    /// How it may be funded in part. `None` means that it is funded as a whole.
    pub parts: Option<Parts>,
    /// Who pays for it so far, in minor units of the base currency. These amounts add up to its cost. It keeps its
    /// payers unless others need them.
    pub held: Vec<(usize, i64)>,
    /// The index of its requester's ceiling, if there is one.
    pub requester: Option<usize>,
    /// Lots with the same number are funded together or not at all.
    pub bundle: Option<usize>,
}

/// How a lot may be split.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The quantity of the lot.
    pub quantity: Quantity,
    /// The smallest quantity that either part may have.
    pub smallest: Quantity,
    /// Whether only whole units can be bought.
    pub is_whole: bool,
    /// The quote by which parts are priced.
    pub quote: Quote,
}

/// The rules by which money is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The maximum number of donors that pay for one lot. `None` means no limit.
    pub max_donors: Option<usize>,
    /// What happens to money that an unaffordable lot could use.
    pub when_unaffordable: WhenUnaffordable,
    /// Money that is reserved for lots of a class, in minor units of the base currency.
    pub reserves: Vec<(i64, i64)>,
    /// What a donor may give in total, in minor units of the base currency.
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
    /// The index of the envelope.
    pub envelope: usize,
    /// What the envelope pays, in its currency.
    pub amount: Money,
    /// The part of the cost that this covers, in the currency of the cost.
    pub covers: Money,
}

/// The answer for one lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Funded {
        /// The funded quantity, if it is not all of the lot.
        part: Option<Quantity>,
        /// Who pays.
        payments: Vec<Payment>,
    },
    Unfunded(Unfunded),
}

/// Why a lot is not funded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfunded {
    /// The money that it may use is spent on lots ahead of it.
    Money {
        /// The smallest amount of new money, in the base currency, that would fund this lot (or everything that
        /// must be funded with it) together with all funded lots ahead.
        missing: Money,
        /// The index of the minimum cut in the solution's cuts.
        cut: usize,
    },
    /// Its requester's ceiling is reached.
    RequesterCap {
        /// What is left below the ceiling, in the base currency.
        left: Money,
    },
    /// No set of envelopes from as few donors as the policy allows can pay for it together with the lots ahead.
    Donors {
        /// The new money, in the base currency, that would fund it if any one of `from` had it.
        missing: Money,
        /// The envelopes that have most left, among those that it may use.
        from: Vec<usize>,
        /// Whether it is proven that the lot does not fit. Otherwise no way was found to fit it.
        is_proven: bool,
    },
}

/// The answers to a problem.
#[derive(Debug, Clone, Default)]
pub struct Solution {
    /// An answer for each lot.
    pub answers: Vec<Answer>,
    /// Sets of envelopes that are used up by lots which can use nothing else.
    pub cuts: Vec<Vec<usize>>,
    /// What each envelope pays, in minor units of its currency.
    pub spent: Vec<i64>,
}
