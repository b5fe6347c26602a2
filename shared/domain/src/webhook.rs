//! Webhooks: where events are sent to, what has to arrive there yet, and what became of attempts.

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
    /// Networks, such as `127.0.0.0/8`, that events may be sent to although they are not public, and
    /// over plain `http`.
    pub allow: Vec<IpNet>,
    /// Seconds between one attempt and the next; when they are used up, a delivery has failed.
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

    /// When a delivery is tried again after `attempts` of which the last was at `now`, spread by up to
    /// a tenth by `draw`; none: it has failed.
    #[must_use]
    pub fn next(&self, attempts: u32, now: Timestamp, draw: u64) -> Option<Timestamp> {
        let delay = i64::from(*self.retry_s.get((attempts as usize).saturating_sub(1))?) * 1000;
        let spread = (delay / 10).max(1);
        let jitter = i64::try_from(draw % spread.unsigned_abs()).unwrap_or(0);
        Some(now + TimeDelta::milliseconds(delay + jitter))
    }
}

/// Where events are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its id.
    pub id: String,
    /// The address.
    pub url: String,
    /// What it is for, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which events.
    #[serde(default)]
    pub filter: Filter,
    /// With whose eyes.
    pub role: Role,
    /// For whom that role acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// The account that made it: of a role that acts for nobody, it alone owns it. None: made before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The secretariat's account that changed it last, where it is not the secretariat's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// Deliveries under way at once, each of another subject.
    pub concurrency: u32,
    /// How long an answer may take, in seconds.
    pub timeout_s: u32,
    /// When it was made.
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

/// How far an endpoint has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Every event up to this position has arrived, or is a [`Delivery`].
    pub position: i64,
    /// Since when no attempt has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
}

/// What deliveries are signed with: `whsec_` and base 64; as it is kept, or opened as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets<S = Confidential> {
    /// The one that holds.
    pub current: S,
    /// The one before, and until when it signs, too.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub before: Option<(S, Timestamp)>,
}

impl<S> Secrets<S> {
    /// Each of them, to be changed.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut S> {
        let before = self.before.as_mut().map(|(secret, _)| secret);
        std::iter::once(&mut self.current).chain(before)
    }
}

/// An event that has not arrived yet although others behind it may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What it is about: what is behind it of the same subject waits for it.
    pub subject: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next one is due; none: when the one before of its subject has arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Whether nobody answered at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unreachable: bool,
    /// Whether it was given up. It waits to be replayed, and holds nothing back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_failed: bool,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// The event.
    pub position: i64,
    /// What happened, such as `waybill.lot.matched`.
    #[serde(rename = "type")]
    pub kind: String,
    /// To what.
    pub subject: String,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// When.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// The status of the answer; none: there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong; empty: it has arrived.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The first bytes of the answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
}

/// The key of the note of a delivery: in the order of positions.
#[must_use]
pub fn delivery_key(endpoint: &str, position: i64) -> String {
    format!("{endpoint}/{position:019}")
}

/// The position that such a key names.
#[must_use]
pub fn position_of(key: &str) -> Option<i64> {
    key.rsplit('/').next()?.parse().ok()
}
