//! Contributions and their envelopes.

use crate::domain::contribution::Contribution;
use crate::domain::money::Money;
use crate::store::EnvelopeRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of a contribution's money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnvelopeView {
    /// The ceiling.
    pub committed: Money,
    /// The part of it that is open.
    pub opened: Money,
    /// Set aside for lots.
    pub allocated: Money,
    /// Bound by orders.
    pub obligated: Money,
    /// Paid.
    pub disbursed: Money,
    /// No longer available.
    pub expired: Money,
    /// What can still be set aside.
    pub left: Money,
    /// By how much outside facts exceed what is open.
    pub overrun: Money,
}

impl EnvelopeView {
    /// The view of `row`; none if its currency is not known.
    #[must_use]
    pub fn of(row: &EnvelopeRow) -> Option<Self> {
        let currency = row.currency.parse().ok()?;
        let money = |minor: i64| Money::new(minor, currency);
        Some(Self {
            committed: money(row.committed),
            opened: money(row.opened),
            allocated: money(row.allocated),
            obligated: money(row.obligated),
            disbursed: money(row.disbursed),
            expired: money(row.expired),
            left: money(row.available()),
            overrun: money(row.overrun),
        })
    }
}

/// A pledge or a commitment, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContributionView {
    /// What was promised.
    #[serde(flatten)]
    pub contribution: Contribution,
    /// What became of the money; none: it is in kind, or no firm amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<EnvelopeView>,
    /// How many events it has; also its `ETag`.
    pub version: i64,
}

/// A page of contributions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ContributionPage {
    /// The contributions, in order of their ids.
    pub items: Vec<ContributionView>,
    /// The cursor of the next page; none: this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
