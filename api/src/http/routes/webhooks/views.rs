//! Webhooks as they are asked for and told.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::webhook::Disabled;
use waybill_shared::feed::Filter;
use waybill_workers::webhooks::State as Standing;

/// A webhook, as its owner asks for it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where events are sent to, over https.
    #[schema(format = "uri", example = "https://example.org/waybill")]
    pub url: String,
    /// What it is for, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 200)]
    pub name: String,
    /// Which events, of those that the account may see.
    #[serde(default)]
    pub filter: Filter,
    /// Deliveries under way at once, each of another subject.
    #[serde(default = "four")]
    #[schema(minimum = 1, maximum = 32, default = 4)]
    pub concurrency: u32,
    /// How long an answer may take, in seconds.
    #[serde(default = "fifteen")]
    #[schema(minimum = 1, maximum = 60, default = 15)]
    pub timeout_s: u32,
    /// The position after which events are sent; left out: only what happens from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub after: Option<i64>,
}

fn four() -> u32 {
    4
}

fn fifteen() -> u32 {
    15
}

/// A change of a webhook; what is left out stays.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhookChange {
    /// Another address.
    #[schema(format = "uri")]
    pub(super) url: Option<String>,
    /// Another name.
    #[schema(max_length = 200)]
    pub(super) name: Option<String>,
    /// Other events.
    pub(super) filter: Option<Filter>,
    /// Deliveries under way at once.
    #[schema(minimum = 1, maximum = 32)]
    pub(super) concurrency: Option<u32>,
    /// How long an answer may take, in seconds.
    #[schema(minimum = 1, maximum = 60)]
    pub(super) timeout_s: Option<u32>,
    /// Whether anything is sent. A disabled one goes on where it was.
    pub(super) enabled: Option<bool>,
}

/// A webhook as it stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: String,
    /// Where events are sent to.
    pub url: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which events.
    pub filter: Filter,
    /// With whose eyes.
    pub role: Role,
    /// For whom that role acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// Who of the secretariat has changed it last, where it is not the secretariat's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// Deliveries under way at once.
    pub concurrency: u32,
    /// How long an answer may take, in seconds.
    pub timeout_s: u32,
    /// When it was made.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created: Timestamp,
    /// Why nothing is sent, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// Every event up to this position has arrived, waits or was given up.
    pub position: i64,
    /// How many events of the log are behind that.
    pub behind: i64,
    /// Deliveries that wait to be tried again.
    pub waiting: usize,
    /// Deliveries that were given up.
    pub failed: usize,
    /// Since when no attempt has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub failing_since: Option<Timestamp>,
    /// How many events its record has; also its `ETag`.
    pub version: i64,
}

impl WebhookView {
    pub(super) fn of(standing: &Standing, last: i64) -> Self {
        let Standing { endpoint, version, progress, .. } = standing;
        Self {
            id: endpoint.id.clone(),
            url: endpoint.url.clone(),
            name: endpoint.name.clone(),
            filter: endpoint.filter.clone(),
            role: endpoint.role,
            party: endpoint.party.clone(),
            changed_by: endpoint.changed_by.clone(),
            concurrency: endpoint.concurrency,
            timeout_s: endpoint.timeout_s,
            created: endpoint.created,
            disabled: endpoint.disabled.clone(),
            position: progress.position,
            behind: (last - progress.position).max(0),
            waiting: standing.waiting().count(),
            failed: standing.failed().count(),
            failing_since: progress.failing_since,
            version: *version,
        }
    }
}

/// A webhook, with the secret that its deliveries are signed with, shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MadeWebhook {
    /// The secret, by the rules of Standard Webhooks.
    #[schema(example = "whsec_…")]
    pub secret: String,
    /// The webhook.
    pub webhook: WebhookView,
}
