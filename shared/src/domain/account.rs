//! Who may use the service over the network, as what, and until when.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lot::Timestamp;

/// The kind of record of an account.
pub const ACCOUNT: &str = "token";

/// As what an account acts. Each but the first four acts for one party, and sees what is its.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Gives accounts, and may do what an operator may.
    Admin,
    /// Of the secretariat: keeps everything moving.
    Operator,
    /// Reads everything, the log as stored included.
    Auditor,
    /// Reads what is no party's own.
    Observer,
    /// Decides for an expert group.
    Reviewer,
    /// States needs and receives.
    Requester,
    /// Gives, and agrees to the use of what it gives.
    Donor,
    /// Answers orders and despatches.
    Supplier,
    /// Buys for donors, and pays.
    BuyingAgent,
    /// Despatches for the supplier that it carries for.
    Carrier,
    /// Receives at one consignee.
    Recipient,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 11] = [
        Self::Admin,
        Self::Operator,
        Self::Auditor,
        Self::Observer,
        Self::Reviewer,
        Self::Requester,
        Self::Donor,
        Self::Supplier,
        Self::BuyingAgent,
        Self::Carrier,
        Self::Recipient,
    ];

    /// Its name, as options and tables have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Observer => "observer",
            Self::Reviewer => "reviewer",
            Self::Requester => "requester",
            Self::Donor => "donor",
            Self::Supplier => "supplier",
            Self::BuyingAgent => "buying_agent",
            Self::Carrier => "carrier",
            Self::Recipient => "recipient",
        }
    }

    /// What an account of it acts for, in words; none: for nobody.
    #[must_use]
    pub fn acts_for(self) -> Option<&'static str> {
        match self {
            Self::Admin | Self::Operator | Self::Auditor | Self::Observer => None,
            Self::Reviewer => Some("an expert group"),
            Self::Requester | Self::Donor | Self::BuyingAgent => Some("a party"),
            Self::Supplier => Some("a supplier"),
            Self::Carrier => Some("the supplier that it carries for"),
            Self::Recipient => Some("a consignee, by its public code"),
        }
    }
}

/// An account: a token and what it may do. The token itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id, which its token begins with.
    pub id: String,
    /// Who or what uses it, for people.
    pub name: String,
    /// As what it acts.
    pub role: Role,
    /// The party, group, supplier or consignee for which it acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// HMAC-SHA-256 of the token's secret, in hexadecimal.
    pub hash: String,
    /// When it was given.
    pub created: Timestamp,
    /// From when on it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
}

impl Account {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }

    /// The name by which the log calls it.
    #[must_use]
    pub fn actor(&self) -> String {
        let party = self.party.as_deref().map(|party| format!(" for {party}")).unwrap_or_default();
        format!("{} ({}{party}, {})", self.name, self.role.name(), self.id)
    }
}
