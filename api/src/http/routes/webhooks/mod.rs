//! Webhooks: who receives which events.

pub(super) mod deliveries;
mod views;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::confidential::Confidential;
use waybill_shared::domain::kinds::{JobKind, NoteKind, RecordEvent, RecordKind};
use waybill_shared::domain::webhook::{Disabled, Endpoint, Progress, Secrets};
use waybill_shared::store::{
    ChangeSet, Fate, NewJob, NoteChange, NoteRange, RecordChange, StoreError,
};
use waybill_workers::webhooks::{State as Standing, check, new_secret, rotated};

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::{Body, Named};
use crate::http::state::Api;
use crate::http::versions::{matches, versioned};
use crate::queries::log::feed::from;

pub use deliveries::{Again, AttemptPage, PendingPage, PendingView, Pinged, Replayed};
pub(crate) use views::WebhookChange;
pub use views::{MadeWebhook, NewWebhook, WebhookView};

/// An upper bound for the attempts and deliveries of a webhook. All of them are deleted with it.
const KEPT: i64 = 1_000_000;

/// The largest number of webhooks for one role and party.
const MOST: usize = 100;

/// The role and party whose visibility applies to a caller's webhooks.
fn eyes(caller: &Caller) -> (Role, Option<String>) {
    let role = if caller.is_secretariat() { Role::Operator } else { caller.role() };
    (role, caller.party().map(str::to_owned))
}

/// Whether the webhook belongs to the caller: to its party or, for roles that act for nobody, to its own account. The
/// members of the secretariat share theirs.
fn is_own(caller: &Caller, endpoint: &Endpoint) -> bool {
    let is_alike = eyes(caller) == (endpoint.role, endpoint.party.clone());
    let is_shared = endpoint.party.is_some() || endpoint.role == Role::Operator;
    // Webhooks of older versions have no owner, so everybody with the same role and party owns them.
    is_alike && (is_shared || endpoint.owner.as_deref().is_none_or(|owner| owner == caller.id()))
}

/// Whether the caller may see the webhook, turn it off and on, and remove it.
fn may_know(caller: &Caller, endpoint: &Endpoint) -> bool {
    caller.is_secretariat() || is_own(caller, endpoint)
}

/// Refuses what only the owner may do: change where events go, and see the secret.
fn owned(caller: &Caller, endpoint: &Endpoint) -> Result<(), Problem> {
    if is_own(caller, endpoint) {
        return Ok(());
    }
    let detail = "only its owner may change its address and see its secret";
    Err(Problem::new(
        ProblemKind::Forbidden,
        detail,
        "turn it off or remove it; its owner can create another",
    ))
}

async fn find(api: &Api, caller: &Caller, id: &str) -> Result<Standing, Problem> {
    let found = Standing::read(&api.engine, id).await?;
    let found = found.filter(|found| may_know(caller, &found.endpoint));
    found.ok_or_else(|| Problem::unknown("webhook", id))
}

fn random(error: getrandom::Error) -> Problem {
    Problem::new(
        ProblemKind::Unavailable,
        format!("the system gives no random numbers: {error}"),
        "try again",
    )
}

/// Checks an endpoint's fields.
async fn wrong(api: &Api, endpoint: &Endpoint) -> Result<(), Problem> {
    if endpoint.url.len() > 2000 {
        return Err(Problem::field("url", "it is longer than 2000 bytes", "shorten it"));
    }
    if endpoint.name.chars().count() > 200 {
        return Err(Problem::field("name", "it is longer than 200 characters", "shorten it"));
    }
    if !(1..=32).contains(&endpoint.concurrency) {
        return Err(Problem::field("concurrency", "it is not between 1 and 32", ""));
    }
    if !(1..=60).contains(&endpoint.timeout_s) {
        return Err(Problem::field("timeout_s", "it is not between 1 and 60", ""));
    }
    let allow = &api.engine.pipeline().webhooks.allow;
    let checked = check(&endpoint.url, allow).await;
    checked.map(drop).map_err(|error| {
        let hint = "give a public https address, or ask the operator to allow its network";
        Problem::field("url", error.to_string(), hint)
    })
}

async fn write(
    api: &Api,
    caller: &Caller,
    endpoint: &Endpoint,
    expected: i64,
    event: RecordEvent,
    notes: Vec<NoteChange>,
) -> Result<(), Problem> {
    let now = api.engine.clock.now();
    let mut change_set = ChangeSet::new(&caller.actor(), now);
    let id = endpoint.id.clone();
    let corrupt = |source| StoreError::Corrupt { subject: endpoint.id.clone(), source };
    let body = serde_json::to_string(endpoint).map_err(corrupt)?;
    change_set.records.push(RecordChange {
        kind: RecordKind::Webhook,
        id: id.clone(),
        expected,
        body,
        event,
    });
    change_set.notes = notes;
    change_set.jobs.push(NewJob { kind: JobKind::Webhook, key: id, due: now, body: String::new() });
    match api.engine.commit(vec![change_set], None).await?.pop() {
        None | Some(Fate::Committed) => Ok(()),
        Some(Fate::Stale { .. }) => Err(Problem::new(
            ProblemKind::Conflict,
            "another request has changed it in the meantime",
            "try again",
        )),
        Some(Fate::Refused { rule }) => Err(Problem::new(ProblemKind::Refused, rule, "")),
    }
}

fn note(kind: NoteKind, id: &str, value: &impl Serialize) -> NoteChange {
    NoteChange { kind, key: id.to_owned(), body: serde_json::to_string(value).ok() }
}

async fn all(api: &Api, caller: &Caller) -> Result<Vec<Standing>, Problem> {
    let mut found = Vec::new();
    for record in api.engine.store.records(RecordKind::Webhook).await? {
        let standing = Standing::read(&api.engine, &record.id).await?;
        found.extend(standing.filter(|standing| may_know(caller, &standing.endpoint)));
    }
    Ok(found)
}

/// The webhooks of the caller's party. The secretariat sees all webhooks.
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

/// Creates a webhook, which sends events to an address.
///
/// Events are `CloudEvents` 1.0, signed as Standard Webhooks define, and delivered at least once, in order for each
/// subject. The secret is in the answer and is never shown again.
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
        return Err(Problem::field("after", "it is not a position of the log", "leave it out"));
    }
    if let Some(after) = after {
        from(&api.engine, after).await?;
    }
    let (role, party) = eyes(&caller);
    let mut id = [0; 6];
    getrandom::fill(&mut id).map_err(random)?;
    let id = hex::encode(id);
    let created = api.engine.clock.now();
    let endpoint = Endpoint {
        id: format!("wh_{id}"),
        url,
        name,
        filter,
        role,
        party,
        owner: Some(caller.id().to_owned()),
        changed_by: None,
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
        let detail = format!("there are already {MOST} webhooks");
        return Err(Problem::new(ProblemKind::Refused, detail, "remove one first"));
    }
    let secret = new_secret().map_err(random)?;
    let progress = Progress { position: after.unwrap_or(last), failing_since: None };
    let current = Confidential::Plain(secret.clone());
    let secrets = Secrets { current, before: None };
    let notes = vec![
        note(NoteKind::WebhookProgress, &endpoint.id, &progress),
        note(NoteKind::WebhookSecrets, &endpoint.id, &secrets),
    ];
    write(&api, &caller, &endpoint, 0, RecordEvent::WebhookCreated, notes).await?;
    let standing = find(&api, &caller, &endpoint.id).await?;
    let webhook = WebhookView::of(&standing, last);
    Ok((StatusCode::CREATED, Json(MadeWebhook { secret, webhook })))
}

/// One webhook, with its progress.
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

/// Changes a webhook, or turns it off or on.
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
    let only_switched = WebhookChange { enabled: change.enabled, ..WebhookChange::default() };
    if change != only_switched {
        owned(&caller, &before)?;
    }
    let is_own = is_own(&caller, &before);
    let endpoint = Endpoint {
        changed_by: (!is_own).then(|| "the secretariat".to_owned()),
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
            notes.push(note(NoteKind::WebhookProgress, &id, &progress));
        }
        write(&api, &caller, &endpoint, standing.version, RecordEvent::WebhookChanged, notes)
            .await?;
    }
    one(State(api), caller, Named(id)).await
}

/// Removes a webhook. It is no longer listed, and its secret is deleted.
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
    let mut notes = vec![gone(NoteKind::WebhookSecrets, &id), gone(NoteKind::WebhookProgress, &id)];
    for kind in [NoteKind::WebhookDelivery, NoteKind::WebhookAttempt] {
        let all = api.engine.store.notes(kind, &NoteRange::under(&id, KEPT)).await?;
        notes.extend(all.iter().map(|(key, _)| gone(kind, key)));
    }
    write(&api, &caller, &endpoint, standing.version, RecordEvent::WebhookRemoved, notes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a webhook a new secret. For a day, deliveries are also signed with the old one.
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
    owned(&caller, &standing.endpoint)?;
    let secret = new_secret().map_err(random)?;
    let secrets = rotated(&standing.secrets, secret.clone(), api.engine.clock.now());
    let notes = vec![note(NoteKind::WebhookSecrets, &id, &secrets)];
    let event = RecordEvent::WebhookSecretRotated;
    write(&api, &caller, &standing.endpoint, standing.version, event, notes).await?;
    let last = api.engine.store.last_position().await?;
    let standing = find(&api, &caller, &id).await?;
    Ok(Json(MadeWebhook { secret, webhook: WebhookView::of(&standing, last) }))
}
