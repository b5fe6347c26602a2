//! Webhooks: where events are sent, what still has to arrive there, and how attempts ended.

use chrono::TimeDelta;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::Role;
use super::confidential::Confidential;
use super::lot::Timestamp;
use crate::event_filter::Filter;

/// How events are delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookPolicy {
    /// Networks, such as `127.0.0.0/8`, to which events may be sent although they are not public. Plain `http` is
    /// allowed there.
    pub allow: Vec<IpNet>,
    /// Seconds from each attempt to the next. When they are used up, a delivery has failed.
    pub retry_s: Vec<u32>,
    /// Days without a success after which an endpoint is disabled.
    pub disable_after_days: u32,
}

impl Default for WebhookPolicy {
    /// The schedule of Standard Webhooks.
    fn default() -> Self {
        const HOUR: u32 = 3600;
        let hours = [2, 5, 10, 14, 20, 24].map(|hours| hours * HOUR);
        let retry_s = [5, 300, 1800].into_iter().chain(hours).collect();
        Self { allow: Vec::new(), retry_s, disable_after_days: 5 }
    }
}

impl WebhookPolicy {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// When a delivery is tried again after `attempts` attempts, the last of them at `now`. `draw` delays it by up
    /// to a tenth. `None` means that the delivery has failed.
    #[must_use]
    pub fn next(&self, attempts: u32, now: Timestamp, draw: u64) -> Option<Timestamp> {
        let delay = i64::from(*self.retry_s.get((attempts as usize).saturating_sub(1))?) * 1000;
        let spread = (delay / 10).max(1);
        let jitter = i64::try_from(draw % spread.unsigned_abs()).unwrap_or(0);
        Some(now + TimeDelta::milliseconds(delay + jitter))
    }
}

/// Where events are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub id: String,
    pub url: String,
    /// What it is for, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which events it gets.
    #[serde(default)]
    pub filter: Filter,
    /// The role whose view of events it gets.
    pub role: Role,
    /// The party for which that role acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// The account that created it. If the role of that account acts for nobody, the account alone owns the
    /// endpoint. `None` if it was created before owners were stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The secretariat's account that changed it last, if the endpoint does not belong to the secretariat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// How many deliveries run at once, each for another subject.
    pub concurrency: u32,
    /// How long an answer may take, in seconds.
    pub timeout_s: u32,
    pub created: Timestamp,
    /// Since when nothing is sent to it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
}

/// Why nothing is sent to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disabled {
    /// Since when.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// How far the deliveries to an endpoint are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Every event up to this position was delivered, or is a [`Delivery`].
    pub position: i64,
    /// Since when no attempt has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
}

/// The secrets that sign deliveries: `whsec_` and base64. `S` is how they are stored, or opened text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets<S = Confidential> {
    /// The current secret.
    pub current: S,
    /// The previous secret, and the time until which it signs too.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub before: Option<(S, Timestamp)>,
}

impl<S> Secrets<S> {
    /// All secrets, to be changed.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut S> {
        let before = self.before.as_mut().map(|(secret, _)| secret);
        std::iter::once(&mut self.current).chain(before)
    }
}

/// An event that was not delivered yet, although later ones may have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its subject. Later events of the same subject wait for it.
    pub subject: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next attempt is due. `None` means as soon as the previous event of its subject was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Whether no answer came at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unreachable: bool,
    /// Whether it was given up. If so, later events do not wait for it, and it waits to be replayed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_failed: bool,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// The result of one attempt to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// The position of the event.
    pub position: i64,
    /// The kind of event, such as `waybill.lot.matched`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The subject of the event.
    pub subject: String,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// When it was made.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The HTTP status of the answer. `None` means that there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong. Empty means that the event was delivered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The first bytes of the answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
}

/// The key of a delivery's note. Keys are in the order of positions.
#[must_use]
pub fn delivery_key(endpoint: &str, position: i64) -> String {
    format!("{endpoint}/{position:019}")
}

/// The position in such a key.
#[must_use]
pub fn position_of(key: &str) -> Option<i64> {
    key.rsplit('/').next()?.parse().ok()
}
