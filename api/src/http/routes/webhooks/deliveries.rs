//! Deliveries of webhooks: attempts, pending deliveries, and sending again.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waybill_shared::domain::kinds::NoteKind;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::webhook::{Attempt, Endpoint};
use waybill_shared::feed::{CloudEvent, Reader};
use waybill_shared::sealed::secrets;
use waybill_shared::store::{NoteRange, StoreError};
use waybill_shared::visibility::Visibility;
use waybill_workers::webhooks::{Failed, client, post, replay as send_again};

use super::find;
use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::{Body, Named, Params};
use crate::http::state::Api;
use crate::queries::cursor::{after, cursor, cut, limit};
use crate::queries::log::feed;

async fn reader(api: &Api, endpoint: &Endpoint) -> Result<Reader, StoreError> {
    let coalition = api.engine.coalition().await?;
    let visibility =
        Visibility::new(&api.engine, coalition, endpoint.role, endpoint.party.as_deref());
    Ok(Reader::new(&api.engine, visibility, endpoint.filter.clone()))
}

/// The result of a ping.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Pinged {
    /// Whether the ping has arrived.
    pub arrived: bool,
    /// The HTTP status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The first bytes of the answer.
    pub answer: String,
    /// How long the ping took, in milliseconds.
    pub duration_ms: u64,
}

/// Sends an event `waybill.ping` at once, and returns the result.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/ping", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, body = Pinged))
)]
pub(crate) async fn ping(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<Pinged>, Problem> {
    let standing = find(&api, &caller, &id).await?;
    let allow = &api.engine.pipeline().webhooks.allow;
    let failed = |error: reqwest::Error| {
        Problem::new(ProblemKind::Unavailable, error.to_string(), "try again")
    };
    let client = client(allow).map_err(failed)?;
    let coalition = api.engine.coalition().await?;
    let actor = caller.visibility(&api.engine).await?.actor(&caller.actor());
    let event = CloudEvent::ping(&coalition, &id, &actor, api.engine.clock.now());
    let secrets = secrets(&api.engine.keys, &id, &standing.secrets).map_err(StoreError::from)?;
    let outcome = post(&client, allow, &standing.endpoint, &secrets, &event).await;
    Ok(Json(Pinged {
        arrived: outcome.error.is_none(),
        status: outcome.status,
        error: outcome.error,
        answer: outcome.answer,
        duration_ms: u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
    }))
}

/// Which page to return.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The `next` cursor of the previous page.
    cursor: Option<String>,
    /// The largest number of entries to return.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// A page of attempts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AttemptPage {
    /// The attempts, latest first.
    pub items: Vec<Attempt>,
    /// The cursor of the next page. If it is left out, this is the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What was sent and what was answered, latest first. Attempts are kept for 30 days.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/attempts", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id"), PageQuery),
    responses((status = 200, body = AttemptPage))
)]
pub(crate) async fn attempts(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
    Params(query): Params<PageQuery>,
) -> Result<Json<AttemptPage>, Problem> {
    find(&api, &caller, &id).await?;
    let limit = limit(query.limit)?;
    let mut range = NoteRange { backwards: true, ..NoteRange::under(&id, limit as i64 + 1) };
    if let Some(before) = after("attempts", query.cursor.as_deref())? {
        if !before.starts_with(&format!("{id}/")) {
            return Err(Problem::field("cursor", "it belongs to another webhook", "leave it out"));
        }
        range.before = before;
    }
    let mut found = api.engine.store.notes(NoteKind::WebhookAttempt, &range).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|(key, _)| cursor("attempts", key));
    let items = found.iter().filter_map(|(_, body)| serde_json::from_str(body).ok()).collect();
    Ok(Json(AttemptPage { items, next }))
}

/// A delivery that has not arrived.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PendingView {
    /// The position of the event.
    pub position: i64,
    /// The subject of the event.
    pub subject: String,
    /// Whether the delivery was given up.
    pub failed: bool,
    /// The number of attempts so far.
    pub attempts: u32,
    /// When the next attempt is due. If it is left out, the delivery waits for an earlier one of its subject, or was
    /// given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub due: Option<Timestamp>,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// A page of deliveries that have not arrived.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PendingPage {
    /// The deliveries, in order of their positions.
    pub items: Vec<PendingView>,
    /// The cursor of the next page. If it is left out, this is the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Deliveries that have not arrived: those that will be tried again, and those that were given up.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/pending", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id"), PageQuery),
    responses((status = 200, body = PendingPage))
)]
pub(crate) async fn pending(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
    Params(query): Params<PageQuery>,
) -> Result<Json<PendingPage>, Problem> {
    let standing = find(&api, &caller, &id).await?;
    let all = standing.deliveries.into_iter().map(|(position, delivery)| PendingView {
        position,
        subject: delivery.subject,
        failed: delivery.is_failed,
        attempts: delivery.attempts,
        due: delivery.due,
        why: delivery.why,
    });
    let asked = (query.cursor.as_deref(), query.limit);
    let (items, next) = cut(all, "pending", asked, |item| format!("{:019}", item.position))?;
    Ok(Json(PendingPage { items, next }))
}

/// What to send again: everything that has not arrived, or a range of the log.
#[derive(Debug, Default, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Again {
    /// Send everything that was given up or waits for another attempt.
    pub failed: bool,
    /// The first position of a range.
    #[schema(minimum = 1)]
    pub from: Option<i64>,
    /// The last position of a range. Default: only the first.
    #[schema(minimum = 1)]
    pub to: Option<i64>,
}

/// What is sent again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    /// The number of events.
    pub events: usize,
}

/// The longest range that can be sent again at once, in positions.
const RANGE: i64 = 50_000;

/// Sends events again, with their original positions and ids.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/replay", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    request_body = Again,
    responses((status = 200, body = Replayed))
)]
pub(crate) async fn replay(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
    Body(asked): Body<Again>,
) -> Result<Json<Replayed>, Problem> {
    let standing = find(&api, &caller, &id).await?;
    let what = match (asked.failed, asked.from, asked.to) {
        (true, None, None) => Failed::All,
        (false, Some(from), to) => {
            let to = to.unwrap_or(from);
            if from < 1 || to < from || to - from >= RANGE {
                let detail = format!("{from} to {to} is not a range of at most {RANGE} positions");
                return Err(Problem::field("from", detail, "give positions of the log"));
            }
            feed::from(&api.engine, from - 1).await?;
            Failed::Range(from, to)
        }
        _ => {
            let detail = "give either it or a range";
            return Err(Problem::field("failed", detail, "name what to send again"));
        }
    };
    let mut reader = reader(&api, &standing.endpoint).await?;
    let events = send_again(&api.engine, &standing, &mut reader, &what, &caller.actor()).await?;
    Ok(Json(Replayed { events }))
}
