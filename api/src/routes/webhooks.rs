//! Webhooks: who is told what, and what became of it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waybill_shared::domain::account::Role;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::webhook::{
    ATTEMPT, Attempt, DELIVERY, Disabled, Endpoint, PROGRESS, Progress, SECRETS, Secrets, WEBHOOK,
};
use waybill_shared::feed::{CloudEvent, Filter, Reader};
use waybill_shared::sight::Sight;
use waybill_shared::store::{Fate, NewJob, NoteChange, NoteRange, RecordChange, StoreError, Unit};
use waybill_workers::webhooks::{
    Failed, State as Standing, check, client, new_secret, post, replay as send_again, rotated,
};

use super::{matches, versioned};
use crate::access::Caller;
use crate::page::{after, cursor, cut, limit};
use crate::request::{Asked, Body, Named};
use crate::{Api, Problem};

/// Attempts and deliveries that are forgotten with their webhook; more than are ever kept.
const KEPT: i64 = 1_000_000;

/// Endpoints that one account's role and party may have.
const MOST: usize = 100;

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
#[derive(Debug, Default, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhookChange {
    /// Another address.
    #[schema(format = "uri")]
    url: Option<String>,
    /// Another name.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// Other events.
    filter: Option<Filter>,
    /// Deliveries under way at once.
    #[schema(minimum = 1, maximum = 32)]
    concurrency: Option<u32>,
    /// How long an answer may take, in seconds.
    #[schema(minimum = 1, maximum = 60)]
    timeout_s: Option<u32>,
    /// Whether anything is sent. A disabled one goes on where it was.
    enabled: Option<bool>,
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
    fn of(standing: &Standing, last: i64) -> Self {
        let Standing { endpoint, version, progress, .. } = standing;
        Self {
            id: endpoint.id.clone(),
            url: endpoint.url.clone(),
            name: endpoint.name.clone(),
            filter: endpoint.filter.clone(),
            role: endpoint.role,
            party: endpoint.party.clone(),
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

/// The eyes with which a caller's webhooks see.
fn eyes(caller: &Caller) -> (Role, Option<String>) {
    let role = if caller.is_office() { Role::Operator } else { caller.role() };
    (role, caller.party().map(str::to_owned))
}

fn is_own(caller: &Caller, endpoint: &Endpoint) -> bool {
    caller.is_office() || eyes(caller) == (endpoint.role, endpoint.party.clone())
}

async fn find(api: &Api, caller: &Caller, id: &str) -> Result<Standing, Problem> {
    let found = Standing::read(&api.engine, id).await?;
    let found = found.filter(|found| is_own(caller, &found.endpoint));
    found.ok_or_else(|| Problem::unknown("webhook", id))
}

async fn reader(api: &Api, endpoint: &Endpoint) -> Result<Reader, StoreError> {
    let coalition = api.engine.coalition().await?;
    let sight = Sight::new(&api.engine, coalition, endpoint.role, endpoint.party.as_deref());
    Ok(Reader::new(&api.engine, sight, endpoint.filter.clone()))
}

fn random(error: getrandom::Error) -> Problem {
    Problem::new("unavailable", format!("no random numbers: {error}"), "try again")
}

/// What is wrong with an endpoint.
async fn wrong(api: &Api, endpoint: &Endpoint) -> Result<(), Problem> {
    if endpoint.url.len() > 2000 {
        return Err(Problem::field("url", "it is longer than 2000 bytes", "shorten it"));
    }
    if endpoint.name.chars().count() > 200 {
        return Err(Problem::field("name", "it is longer than 200 characters", "shorten it"));
    }
    if !(1..=32).contains(&endpoint.concurrency) {
        return Err(Problem::field("concurrency", "it is not within 1 and 32", ""));
    }
    if !(1..=60).contains(&endpoint.timeout_s) {
        return Err(Problem::field("timeout_s", "it is not within 1 and 60", ""));
    }
    let allow = &api.engine.pipeline().webhooks.allow;
    let checked = check(&endpoint.url, allow).await;
    checked.map(drop).map_err(|error| {
        let hint = "give a public https address, or let the operator allow its network";
        Problem::field("url", error.to_string(), hint)
    })
}

async fn write(
    api: &Api,
    caller: &Caller,
    endpoint: &Endpoint,
    expected: i64,
    event: &'static str,
    notes: Vec<NoteChange>,
) -> Result<(), Problem> {
    let now = api.engine.clock.now();
    let mut unit = Unit::new(&caller.actor(), now);
    let id = endpoint.id.clone();
    let corrupt = |source| StoreError::Corrupt { subject: endpoint.id.clone(), source };
    let body = serde_json::to_string(endpoint).map_err(corrupt)?;
    unit.records.push(RecordChange { kind: WEBHOOK, id: id.clone(), expected, body, event });
    unit.notes = notes;
    unit.jobs.push(NewJob { kind: WEBHOOK, key: id, due: now, body: String::new() });
    match api.engine.commit(vec![unit], None).await?.pop() {
        None | Some(Fate::Committed) => Ok(()),
        Some(Fate::Stale { .. }) => {
            Err(Problem::new("conflict", "another has changed it meanwhile", "try again"))
        }
        Some(Fate::Refused { rule }) => Err(Problem::new("refused", rule, "")),
    }
}

fn note(kind: &'static str, id: &str, value: &impl Serialize) -> NoteChange {
    NoteChange { kind, key: id.to_owned(), body: serde_json::to_string(value).ok() }
}

async fn all(api: &Api, caller: &Caller) -> Result<Vec<Standing>, Problem> {
    let mut found = Vec::new();
    for record in api.engine.store.records(WEBHOOK).await? {
        let standing = Standing::read(&api.engine, &record.id).await?;
        found.extend(standing.filter(|standing| is_own(caller, &standing.endpoint)));
    }
    Ok(found)
}

/// The webhooks of the caller's party; of all, for the secretariat.
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "webhooks", responses((status = 200, body = Vec<WebhookView>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Vec<WebhookView>>, Problem> {
    let last = api.engine.store.last_position().await?;
    let all = all(&api, &caller).await?;
    Ok(Json(all.iter().map(|standing| WebhookView::of(standing, last)).collect()))
}

/// Asks to be told of events.
///
/// `CloudEvents` 1.0, signed by the rules of Standard Webhooks, at least once, in order per subject. The
/// secret is in the answer, and never shown again.
#[utoipa::path(
    post, path = "/v1/webhooks", tag = "webhooks", request_body = NewWebhook,
    responses((status = 201, body = MadeWebhook))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Body(new): Body<NewWebhook>,
) -> Result<(StatusCode, Json<MadeWebhook>), Problem> {
    let NewWebhook { url, name, filter, concurrency, timeout_s, after } = new;
    let last = api.engine.store.last_position().await?;
    if after.is_some_and(|after| !(0..=last).contains(&after)) {
        return Err(Problem::field("after", "it is no position of the log", "leave it out"));
    }
    let (role, party) = eyes(&caller);
    let mut id = [0; 6];
    getrandom::fill(&mut id).map_err(random)?;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let created = api.engine.clock.now();
    let endpoint = Endpoint {
        id: format!("wh_{id}"),
        url,
        name,
        filter,
        role,
        party,
        concurrency,
        timeout_s,
        created,
        disabled: None,
    };
    wrong(&api, &endpoint).await?;
    let own = |standing: &&Standing| {
        (standing.endpoint.role, &standing.endpoint.party) == (endpoint.role, &endpoint.party)
    };
    if all(&api, &caller).await?.iter().filter(own).count() >= MOST {
        let detail = format!("there are {MOST} already");
        return Err(Problem::new("refused", detail, "remove one first"));
    }
    let secret = new_secret().map_err(random)?;
    let progress = Progress { position: after.unwrap_or(last), failing_since: None };
    let secrets = Secrets { current: secret.clone(), before: None };
    let notes =
        vec![note(PROGRESS, &endpoint.id, &progress), note(SECRETS, &endpoint.id, &secrets)];
    write(&api, &caller, &endpoint, 0, "webhook.created", notes).await?;
    let standing = find(&api, &caller, &endpoint.id).await?;
    let webhook = WebhookView::of(&standing, last);
    Ok((StatusCode::CREATED, Json(MadeWebhook { secret, webhook })))
}

/// One webhook, and how far it has come.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, body = WebhookView, headers(("ETag" = String))))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let standing = find(&api, &caller, &id).await?;
    let last = api.engine.store.last_position().await?;
    Ok(versioned(standing.version, WebhookView::of(&standing, last)))
}

/// Changes a webhook, or turns it off and on.
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", tag = "webhooks",
    params(
        ("id" = String, Path, description = "The webhook's id"),
        ("If-Match" = Option<String>, Header, description = "The version it was read at"),
    ),
    request_body = WebhookChange,
    responses((status = 200, body = WebhookView, headers(("ETag" = String))))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Named(id): Named,
    Body(change): Body<WebhookChange>,
) -> Result<Response, Problem> {
    let standing = find(&api, &caller, &id).await?;
    matches(&headers, standing.version)?;
    let before = standing.endpoint;
    let disabled = match change.enabled {
        Some(true) => None,
        Some(false) if before.disabled.is_none() => {
            Some(Disabled { at: api.engine.clock.now(), why: "turned off".to_owned() })
        }
        Some(false) | None => before.disabled.clone(),
    };
    let endpoint = Endpoint {
        url: change.url.unwrap_or_else(|| before.url.clone()),
        name: change.name.unwrap_or_else(|| before.name.clone()),
        filter: change.filter.unwrap_or_else(|| before.filter.clone()),
        concurrency: change.concurrency.unwrap_or(before.concurrency),
        timeout_s: change.timeout_s.unwrap_or(before.timeout_s),
        disabled,
        ..before.clone()
    };
    if endpoint != before {
        wrong(&api, &endpoint).await?;
        let mut notes = Vec::new();
        if before.disabled.is_some() && endpoint.disabled.is_none() {
            let progress = Progress { failing_since: None, ..standing.progress };
            notes.push(note(PROGRESS, &id, &progress));
        }
        write(&api, &caller, &endpoint, standing.version, "webhook.changed", notes).await?;
    }
    one(State(api), caller, Named(id)).await
}

/// Turns a webhook off for good: it is no longer listed, its secret is forgotten.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<StatusCode, Problem> {
    let standing = find(&api, &caller, &id).await?;
    let at = api.engine.clock.now();
    let disabled = Some(Disabled { at, why: "removed".to_owned() });
    let endpoint = Endpoint { disabled, ..standing.endpoint };
    let gone = |kind, key: &str| NoteChange { kind, key: key.to_owned(), body: None };
    let mut notes = vec![gone(SECRETS, &id), gone(PROGRESS, &id)];
    for kind in [DELIVERY, ATTEMPT] {
        let all = api.engine.store.notes(kind, &NoteRange::under(&id, KEPT)).await?;
        notes.extend(all.iter().map(|(key, _)| gone(kind, key)));
    }
    write(&api, &caller, &endpoint, standing.version, "webhook.removed", notes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of a ping.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Pinged {
    /// Whether it has arrived.
    pub arrived: bool,
    /// The status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The first bytes of the answer.
    pub answer: String,
    /// How long it took.
    pub duration_ms: u64,
}

/// Sends an event `waybill.ping` at once, and says what became of it.
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
    let failed =
        |error: reqwest::Error| Problem::new("unavailable", error.to_string(), "try again");
    let client = client(allow).map_err(failed)?;
    let coalition = api.engine.coalition().await?;
    let event = CloudEvent::ping(&coalition, &id, &caller.actor(), api.engine.clock.now());
    let outcome = post(&client, allow, &standing.endpoint, &standing.secrets, &event).await;
    Ok(Json(Pinged {
        arrived: outcome.error.is_none(),
        status: outcome.status,
        error: outcome.error,
        answer: outcome.answer,
        duration_ms: u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
    }))
}

/// Gives a webhook a new secret; the one before signs beside it for a day.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/rotate", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, body = MadeWebhook))
)]
pub(crate) async fn rotate(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<MadeWebhook>, Problem> {
    let standing = find(&api, &caller, &id).await?;
    let secret = new_secret().map_err(random)?;
    let secrets = rotated(&standing.secrets, secret.clone(), api.engine.clock.now());
    let notes = vec![note(SECRETS, &id, &secrets)];
    let event = "webhook.secret_rotated";
    write(&api, &caller, &standing.endpoint, standing.version, event, notes).await?;
    let last = api.engine.store.last_position().await?;
    let standing = find(&api, &caller, &id).await?;
    Ok(Json(MadeWebhook { secret, webhook: WebhookView::of(&standing, last) }))
}

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The cursor that a page before gave as `next`.
    cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// A page of attempts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AttemptPage {
    /// The attempts, the last ones first.
    pub items: Vec<Attempt>,
    /// The cursor of the next page; none: this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What was sent, and what was answered, the last first; kept for 30 days.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/attempts", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id"), PageQuery),
    responses((status = 200, body = AttemptPage))
)]
pub(crate) async fn attempts(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<AttemptPage>, Problem> {
    find(&api, &caller, &id).await?;
    let limit = limit(query.limit)?;
    let mut range = NoteRange { backwards: true, ..NoteRange::under(&id, limit as i64 + 1) };
    if let Some(before) = after("attempts", query.cursor.as_deref())? {
        if !before.starts_with(&format!("{id}/")) {
            return Err(Problem::field("cursor", "it is of another webhook", "leave it out"));
        }
        range.before = before;
    }
    let mut found = api.engine.store.notes(ATTEMPT, &range).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|(key, _)| cursor("attempts", key));
    let items = found.iter().filter_map(|(_, body)| serde_json::from_str(body).ok()).collect();
    Ok(Json(AttemptPage { items, next }))
}

/// A delivery that has not arrived.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PendingView {
    /// The event.
    pub position: i64,
    /// What it is about.
    pub subject: String,
    /// Whether it was given up.
    pub failed: bool,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next one is due; none: it waits for the one before of its subject, or was given up.
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
    /// The deliveries, in order of positions.
    pub items: Vec<PendingView>,
    /// The cursor of the next page; none: this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What has not arrived: what waits to be tried again, and what was given up.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/pending", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id"), PageQuery),
    responses((status = 200, body = PendingPage))
)]
pub(crate) async fn pending(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
    Asked(query): Asked<PageQuery>,
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
    /// Everything that was given up, and what waits to be tried again.
    pub failed: bool,
    /// The first position of a range.
    #[schema(minimum = 1)]
    pub from: Option<i64>,
    /// The last position of a range; left out: only the first.
    #[schema(minimum = 1)]
    pub to: Option<i64>,
}

/// What is sent again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    /// How many events.
    pub events: usize,
}

/// The longest range that is sent again at once.
const RANGE: i64 = 50_000;

/// Sends events again, with their first positions and ids.
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
                let detail = format!("{from} to {to} is no range of at most {RANGE} positions");
                return Err(Problem::field("from", detail, "give positions of the log"));
            }
            Failed::Range(from, to)
        }
        _ => {
            let detail = "either it, or a range, is to be given";
            return Err(Problem::field("failed", detail, "say what to send again"));
        }
    };
    let mut reader = reader(&api, &standing.endpoint).await?;
    let events = send_again(&api.engine, &standing, &mut reader, &what, &caller.actor()).await?;
    Ok(Json(Replayed { events }))
}
