//! Webhooks as clients create, change and see them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::webhook::Disabled;
use waybill_shared::feed::Filter;
use waybill_workers::webhooks::State as Standing;

/// A webhook to create.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// The https address that events are sent to.
    #[schema(format = "uri", example = "https://example.org/waybill")]
    pub url: String,
    /// What the webhook is for, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 200)]
    pub name: String,
    /// Which events to send, of those that the account may see.
    #[serde(default)]
    pub filter: Filter,
    /// The largest number of simultaneous deliveries. Each is for a different subject.
    #[serde(default = "four")]
    #[schema(minimum = 1, maximum = 32, default = 4)]
    pub concurrency: u32,
    /// How long an answer may take, in seconds.
    #[serde(default = "fifteen")]
    #[schema(minimum = 1, maximum = 60, default = 15)]
    pub timeout_s: u32,
    /// The position after which events are sent. Default: only new events.
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

/// A change of a webhook. Fields that are left out keep their value.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhookChange {
    /// A new address.
    #[schema(format = "uri")]
    pub(super) url: Option<String>,
    /// A new name.
    #[schema(max_length = 200)]
    pub(super) name: Option<String>,
    /// A new selection of events.
    pub(super) filter: Option<Filter>,
    /// The largest number of simultaneous deliveries.
    #[schema(minimum = 1, maximum = 32)]
    pub(super) concurrency: Option<u32>,
    /// How long an answer may take, in seconds.
    #[schema(minimum = 1, maximum = 60)]
    pub(super) timeout_s: Option<u32>,
    /// Whether events are sent. A webhook that is turned on again continues where it was.
    pub(super) enabled: Option<bool>,
}

/// A webhook and its progress.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WebhookView {
    /// The webhook's id.
    pub id: String,
    /// The address that events are sent to.
    pub url: String,
    /// What the webhook is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which events are sent.
    pub filter: Filter,
    /// The role whose visibility applies.
    pub role: Role,
    /// The party that this role acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// The member of the secretariat who changed the webhook last, if it is not the secretariat's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// The largest number of simultaneous deliveries.
    pub concurrency: u32,
    /// How long an answer may take, in seconds.
    pub timeout_s: u32,
    /// When the webhook was created.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created: Timestamp,
    /// Why nothing is sent, if the webhook is disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// Every event up to this position has arrived, waits for another attempt, or was given up.
    pub position: i64,
    /// How many events of the log come after that position.
    pub behind: i64,
    /// The number of deliveries that wait for another attempt.
    pub waiting: usize,
    /// The number of deliveries that were given up.
    pub failed: usize,
    /// Since when no attempt has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub failing_since: Option<Timestamp>,
    /// The number of events of the webhook's record. It is also the `ETag`.
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

/// A webhook with the secret that signs its deliveries. The secret is shown only this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MadeWebhook {
    /// The secret, in the format of Standard Webhooks.
    #[schema(example = "whsec_…")]
    pub secret: String,
    /// The webhook.
    pub webhook: WebhookView,
}
