//! Who takes part: parties with dated roles and the evidence for each role, and expert groups.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::Money;

/// A role of a party in the coalition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PartyRole)]
pub enum Role {
    /// Leads the coalition. A lead may also give money.
    Lead,
    /// May give money.
    Member,
    /// Only watches; cannot give money.
    Observer,
    /// Requests items and receives them.
    Beneficiary,
    /// Buys for the donors.
    BuyingAgent,
}

impl Role {
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

/// A role for a period. Sources may contradict each other, so each claim keeps its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleSpan {
    pub role: Role,
    /// The first day of the role.
    pub from: NaiveDate,
    /// The last day of the role. `None` means that no end is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// Where this is stated: a page, a decision, or `invented`.
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
    /// The id that its author gave it, such as `LU`.
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub roles: Vec<RoleSpan>,
}

impl Party {
    /// Whether the party may fund on `day`: as a member or lead.
    #[must_use]
    pub fn may_fund(&self, day: NaiveDate) -> bool {
        self.funding().any(|span| span.holds(day))
    }

    /// The last day until which the party may fund without a gap, from `day` on. `None` means that there is no end;
    /// the day before `day` means that it may not fund on `day`.
    #[must_use]
    pub fn funds_until(&self, day: NaiveDate) -> Option<NaiveDate> {
        let mut next = day;
        // Each span is entered at most once, because afterwards its end is before `next`.
        for _ in 0..=self.roles.len() {
            match self.funding().find(|span| span.holds(next)) {
                Some(span) => next = span.to?.succ_opt()?,
                None => break,
            }
        }
        next.pred_opt()
    }

    #[must_use]
    pub fn observes(&self, day: NaiveDate) -> bool {
        self.roles.iter().any(|span| span.role == Role::Observer && span.holds(day))
    }

    fn funding(&self) -> impl Iterator<Item = &RoleSpan> {
        self.roles.iter().filter(|span| matches!(span.role, Role::Member | Role::Lead))
    }

    /// The days on which its roles change: first days, and days after last days.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let ended = |span: &RoleSpan| span.to.and_then(|last| last.succ_opt());
        self.roles.iter().flat_map(move |span| [span.from].into_iter().chain(ended(span)))
    }
}

/// An expert group that owns categories and reviews their lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpertGroup {
    /// The id, such as `cyber`.
    pub id: String,
    pub name: String,
    /// The prefixes of the classification codes that it owns. If several groups match a code, the longest prefix
    /// wins.
    pub prefixes: Vec<String>,
    /// Lines with an estimate of this amount or more wait for its review. `None` means that no line does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_from: Option<Money>,
    /// The number of days for a review. After that the operator is asked to decide.
    pub review_days: u32,
}
