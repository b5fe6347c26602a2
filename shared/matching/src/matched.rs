//! The answer to an instance, as JSON says it.

use serde::Serialize;

use waybill_domain::money::Currency;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matched {
    /// Lots that are funded, by priority.
    pub funded: Vec<FundedLot>,
    /// Lots that are not, by priority.
    pub unfunded: Vec<UnfundedLot>,
}

/// A lot that is funded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FundedLot {
    /// The lot.
    pub lot: String,
    /// Who pays.
    pub shares: Vec<InstanceShare>,
}

/// What an envelope pays, in its currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceShare {
    /// The envelope.
    pub envelope: String,
    /// Minor units.
    pub amount: i64,
    /// The envelope's currency.
    pub currency: Currency,
}

/// A lot that is not funded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnfundedLot {
    /// The lot.
    pub lot: String,
    /// What would fund it.
    pub missing: Missing,
    /// Why it is not funded.
    pub because: Because,
}

/// The smallest new money that would fund a lot with all the funded lots ahead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Minor units.
    pub amount: i64,
    /// The currency of the first of `from`; of the lot if there is none.
    pub currency: Currency,
    /// Any one of these, grown by `amount`, would fund it.
    pub from: Vec<String>,
}

/// Why a lot is not funded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Because {
    /// It names no envelope.
    NoEligibleEnvelope,
    /// All that it may use is spent on lots ahead which can use nothing else.
    Exhausted {
        /// The minimum cut.
        envelopes: Vec<String>,
        /// The funded lots ahead that these pay for.
        by: Vec<String>,
    },
    /// No envelopes of as few donors as the policy allows have enough left.
    TooManyDonors {
        /// How many may pay for one lot.
        max_donors: usize,
        /// Whether it was proven that the lot does not fit.
        proven: bool,
    },
}
