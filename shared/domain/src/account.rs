//! Accounts: who may use the service over the network, in which role, and until when.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lot::Timestamp;

/// The role of an account. The first four act for nobody. Each of the others acts for one party and sees what
/// belongs to it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Manages accounts, and may do whatever an operator may do.
    Admin,
    /// Belongs to the secretariat: keeps everything moving.
    Operator,
    /// Reads everything, including the log as it is stored.
    Auditor,
    /// Reads what does not belong to a single party.
    Observer,
    /// Decides for an expert group.
    Reviewer,
    /// Requests items and receives them.
    Requester,
    /// Gives money or goods, and consents to their use.
    Donor,
    /// Answers orders and despatches goods.
    Supplier,
    /// Buys for donors, and pays.
    BuyingAgent,
    /// Despatches goods for the supplier that it carries for.
    Carrier,
    /// Receives goods at one consignee.
    Recipient,
}

impl Role {
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

    /// The name that options and tables use.
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

    /// Whom an account with this role acts for, in words. `None` means nobody.
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

/// How much of its role an account may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything that the role may do.
    #[default]
    All,
    /// Only reading: every `GET`.
    Read,
}

impl Scope {
    pub const ALL: [Self; 2] = [Self::All, Self::Read];

    /// The name that options and tables use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Read => "read",
        }
    }

    /// Whether requests with this HTTP method are allowed.
    #[must_use]
    pub fn lets(self, method: &str) -> bool {
        match self {
            Self::All => true,
            Self::Read => matches!(method, "GET" | "HEAD"),
        }
    }

    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// A token that was replaced by a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// The hash of its secret.
    pub hash: String,
    /// The time until which it works in addition to the new one.
    pub until: Timestamp,
}

/// An account: a token and what it may do. The token itself is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The id. The token begins with it.
    pub id: String,
    /// Who or what uses the account, for people to read.
    pub name: String,
    pub role: Role,
    /// The party, group, supplier or consignee for which the account acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// HMAC-SHA-256 of the token's secret, in hexadecimal.
    pub hash: String,
    pub created: Timestamp,
    /// The time from which on the account does not work. `None` means no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Scope::is_all")]
    pub scope: Scope,
    /// The networks from which the token may be used. Empty means from anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<IpNet>,
    /// When the token was last replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated: Option<Timestamp>,
    /// The token before the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Replaced>,
}

impl Account {
    /// Whether the account works at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }

    /// The account for the token whose hash `is_right`. A replaced token ends earlier than the account. `None`
    /// means that the token does not belong to this account.
    #[must_use]
    pub fn by(&self, is_right: impl Fn(&str) -> bool) -> Option<Self> {
        if is_right(&self.hash) {
            return Some(self.clone());
        }
        let Replaced { hash, until } = self.replaced.as_ref().filter(|old| is_right(&old.hash))?;
        let expires = self.expires.map_or(*until, |expires| expires.min(*until));
        let (hash, expires) = (hash.clone(), Some(expires));
        Some(Self { hash, expires, replaced: None, ..self.clone() })
    }

    /// Whether the token may be used from `origin`. `None` means that the origin is unknown.
    #[must_use]
    pub fn may_come_from(&self, origin: Option<IpAddr>) -> bool {
        self.networks.is_empty()
            || origin.is_some_and(|origin| self.networks.iter().any(|net| net.contains(&origin)))
    }

    /// The name that the log uses for the account.
    #[must_use]
    pub fn actor(&self) -> String {
        let party = self.party.as_deref().map(|party| format!(" for {party}")).unwrap_or_default();
        format!("{} ({}{party}, {})", self.name, self.role.name(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_of_an_older_program_may_what_it_might() {
        let old = r#"{"id":"0a1b","name":"portal","role":"donor","party":"AA","hash":"00",
            "created":"2025-01-02T00:00:00Z"}"#;
        let account: Account = serde_json::from_str(old).expect("an account");
        assert!(account.scope.lets("POST") && account.may_come_from(None));
        let written = serde_json::to_string(&account).expect("JSON");
        assert!(!written.contains("scope") && !written.contains("networks"), "{written}");
        assert_eq!(account.by(|hash| hash == "00"), Some(account.clone()));
        assert_eq!(account.by(|hash| hash == "01"), None);
    }

    #[test]
    fn a_token_that_was_replaced_ends_with_its_overlap_or_before() {
        let at = |hours| Timestamp::UNIX_EPOCH + chrono::TimeDelta::hours(hours);
        let account = |expires, until| Account {
            id: String::new(),
            name: String::new(),
            role: Role::Admin,
            party: None,
            hash: "new".to_owned(),
            created: at(0),
            expires,
            revoked: None,
            scope: Scope::Read,
            networks: Vec::new(),
            rotated: Some(at(1)),
            replaced: Some(Replaced { hash: "old".to_owned(), until }),
        };
        for (expires, until, ends) in
            [(None, at(2), at(2)), (Some(at(9)), at(2), at(2)), (Some(at(1)), at(2), at(1))]
        {
            let old = account(expires, until).by(|hash| hash == "old").expect("the old token");
            assert_eq!((old.expires, old.scope), (Some(ends), Scope::Read));
            assert!(old.is_live(at(0)) && !old.is_live(ends));
        }
    }
}
