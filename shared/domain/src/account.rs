//! Who may use the service over the network, as what, and until when.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lot::Timestamp;

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

/// How much of what its role may an account may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything.
    #[default]
    All,
    /// Only read: every `GET`.
    Read,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 2] = [Self::All, Self::Read];

    /// Its name, as options and tables have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Read => "read",
        }
    }

    /// Whether it lets a request by `method` through.
    #[must_use]
    pub fn lets(self, method: &str) -> bool {
        match self {
            Self::All => true,
            Self::Read => matches!(method, "GET" | "HEAD"),
        }
    }

    /// Whether nothing is held back.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// A token that another has taken the place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// The hash of its secret.
    pub hash: String,
    /// Until when it holds beside the new one.
    pub until: Timestamp,
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
    /// How much of what its role may it may do.
    #[serde(default, skip_serializing_if = "Scope::is_all")]
    pub scope: Scope,
    /// The networks from which its token may be used; none: from anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<IpNet>,
    /// When its token was replaced last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated: Option<Timestamp>,
    /// The token before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Replaced>,
}

impl Account {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }

    /// The account as the token has it whose hash `is_right`: one that was replaced ends before the account does.
    /// None: it is no token of this account.
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

    /// Whether its token may be used from `origin`; none: it is not known from where.
    #[must_use]
    pub fn may_come_from(&self, origin: Option<IpAddr>) -> bool {
        self.networks.is_empty()
            || origin.is_some_and(|origin| self.networks.iter().any(|net| net.contains(&origin)))
    }

    /// The name by which the log calls it.
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
