//! The answer to an instance, in the form of its JSON.

use serde::Serialize;

use waybill_domain::money::Currency;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matched {
    /// Funded lots, by priority.
    pub funded: Vec<FundedLot>,
    /// Lots that are not funded, by priority.
    pub unfunded: Vec<UnfundedLot>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FundedLot {
    pub lot: String,
    /// Who pays.
    pub shares: Vec<InstanceShare>,
}

/// What an envelope pays, in its currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceShare {
    pub envelope: String,
    /// In minor units.
    pub amount: i64,
    pub currency: Currency,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnfundedLot {
    pub lot: String,
    /// The money that would fund it.
    pub missing: Missing,
    pub because: Because,
}

/// The smallest amount of new money that would fund a lot together with all funded lots ahead of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// In minor units.
    pub amount: i64,
    /// The currency of the first of `from`, or of the lot if `from` is empty.
    pub currency: Currency,
    /// If any one of these envelopes had `amount` more, the lot would be funded.
    pub from: Vec<String>,
}

/// Why a lot is not funded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Because {
    /// It names no envelope.
    NoEligibleEnvelope,
    /// All money that it may use is spent on lots ahead of it that can use no other.
    Exhausted {
        /// The minimum cut.
        envelopes: Vec<String>,
        /// The funded lots ahead that these envelopes pay for.
        by: Vec<String>,
    },
    /// No set of envelopes from as few donors as the policy allows has enough left.
    TooManyDonors {
        /// The maximum number of donors for one lot.
        max_donors: usize,
        /// Whether it is proven that the lot does not fit.
        proven: bool,
    },
}
