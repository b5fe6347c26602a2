//! Who takes part: parties with dated roles, each with its evidence, and expert groups.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::Money;

/// What a party is to the coalition, for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PartyRole)]
pub enum Role {
    /// Leads the coalition; leads are members.
    Lead,
    /// May fund.
    Member,
    /// Sees, and cannot fund.
    Observer,
    /// Requests and receives.
    Beneficiary,
    /// Buys for the donors.
    BuyingAgent,
}

impl Role {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Member => "member",
            Self::Observer => "observer",
            Self::Beneficiary => "beneficiary",
            Self::BuyingAgent => "buying agent",
        }
    }
}

/// A role over time. Sources may contradict each other: each claim keeps its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleSpan {
    /// The role.
    pub role: Role,
    /// The first day it holds.
    pub from: NaiveDate,
    /// The last day it holds; open while absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// Where it is written: a page, a decision, or `invented`.
    pub evidence: String,
}

impl RoleSpan {
    fn holds(&self, day: NaiveDate) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// A nation, ministry, agency or company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The id its author gave it, such as `LU`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its roles.
    #[serde(default)]
    pub roles: Vec<RoleSpan>,
}

impl Party {
    /// Whether the party may fund on `day`: as a member or lead.
    #[must_use]
    pub fn may_fund(&self, day: NaiveDate) -> bool {
        self.funding().any(|span| span.holds(day))
    }

    /// The last day up to which the party may fund without a gap from `day` on; `None` if that does not end.
    #[must_use]
    pub fn funds_until(&self, day: NaiveDate) -> Option<NaiveDate> {
        let mut next = day;
        // Each span is entered at most once: its end lies before `next` afterwards.
        for _ in 0..=self.roles.len() {
            match self.funding().find(|span| span.holds(next)) {
                Some(span) => next = span.to?.succ_opt()?,
                None => break,
            }
        }
        next.pred_opt()
    }

    /// Whether the party observes on `day`.
    #[must_use]
    pub fn observes(&self, day: NaiveDate) -> bool {
        self.roles.iter().any(|span| span.role == Role::Observer && span.holds(day))
    }

    fn funding(&self) -> impl Iterator<Item = &RoleSpan> {
        self.roles.iter().filter(|span| matches!(span.role, Role::Member | Role::Lead))
    }

    /// Days on which its roles change.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let ended = |span: &RoleSpan| span.to.and_then(|last| last.succ_opt());
        self.roles.iter().flat_map(move |span| [span.from].into_iter().chain(ended(span)))
    }
}

/// An expert group that owns categories and reviews their lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpertGroup {
    /// Its id, such as `cyber`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The prefixes of the classification codes it owns; the longest match wins.
    pub prefixes: Vec<String>,
    /// A line at or above this estimate waits for its review; none: no line does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_from: Option<Money>,
    /// Days it has for a review before the operator is asked to decide instead.
    pub review_days: u32,
}
