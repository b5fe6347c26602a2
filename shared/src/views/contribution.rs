//! Contributions and their envelopes.

use crate::domain::contribution::Contribution;
use crate::domain::money::Money;
use crate::store::EnvelopeRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The money of a contribution, by how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnvelopeView {
    /// The most that the contribution pays.
    pub committed: Money,
    /// The part of the ceiling that is usable.
    pub opened: Money,
    /// Set aside for lots.
    pub allocated: Money,
    /// Bound by orders.
    pub obligated: Money,
    /// Paid.
    pub disbursed: Money,
    /// Lapsed.
    pub expired: Money,
    /// The amount that can still be set aside.
    pub left: Money,
    /// By how much facts from outside exceed the usable part.
    pub overrun: Money,
}

impl EnvelopeView {
    /// The view of `row`; `None` if its currency is unknown.
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
    /// The money; absent if the contribution is in kind or not a firm amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<EnvelopeView>,
    /// The number of events of the contribution; also its `ETag`.
    pub version: i64,
}

/// A page of contributions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ContributionPage {
    /// The contributions, by id.
    pub items: Vec<ContributionView>,
    /// The cursor of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
