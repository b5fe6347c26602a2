//! Accounts. A token is shown once, stored as a hash, and can be revoked at once.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::TimeDelta;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::account::{Account, Replaced, Role, Scope};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::kinds::{NoteKind, RecordEvent, RecordKind};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::store::{ChangeSet, Fate, NoteRange, Record, RecordChange, StoreError};

use crate::http::access::{Caller, issue};
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::{Body, Named};
use crate::http::state::Api;

/// An account without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// The account's id. Its token begins with `wbt_` and this id.
    pub id: String,
    /// Who or what uses the account.
    pub name: String,
    /// The role that the account acts in.
    pub role: Role,
    /// The party that the account acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// When the account was created.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created: Timestamp,
    /// When the token stops being valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub revoked: Option<Timestamp>,
    /// When the token was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub last_used: Option<Timestamp>,
    /// How much of what its role allows the account may do.
    #[serde(default)]
    pub scope: Scope,
    /// The networks from which the token may be used. If it is left out, any network is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub networks: Vec<IpNet>,
    /// When the token was last replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub rotated: Option<Timestamp>,
    /// Until when the previous token is also valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub replaced_until: Option<Timestamp>,
}

impl TokenView {
    fn of(account: Account, last_used: Option<Timestamp>) -> Self {
        let Account { id, name, role, party, created, expires, revoked, .. } = account;
        let Account { scope, networks, rotated, replaced, .. } = account;
        let replaced_until = replaced.map(|replaced| replaced.until);
        Self {
            id,
            name,
            role,
            party,
            created,
            expires,
            revoked,
            last_used,
            scope,
            networks,
            rotated,
            replaced_until,
        }
    }
}

/// An account to create.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Who or what will use the account.
    #[schema(min_length = 1, max_length = 100, example = "logistics of the ministry")]
    pub name: String,
    /// The role that the account acts in.
    pub role: Role,
    /// The party that the account acts for: a party, an expert group (reviewer), a supplier (supplier, carrier) or a
    /// consignee's code (recipient).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// For how many days the token is valid. Default: 365. 0 means until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 3650)]
    pub days: Option<u32>,
    /// How much of what its role allows the account may do. Default: all of it.
    #[serde(default, skip_serializing_if = "Scope::is_all")]
    pub scope: Scope,
    /// The networks from which the token may be used. Default: any network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, max_items = 100, example = json!(["192.0.2.0/24"]))]
    pub networks: Vec<IpNet>,
}

/// Replaces a token by a new one with the same rights.
#[derive(Debug, Default, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RotateToken {
    /// For how many seconds the old token stays valid next to the new one. Default: 0.
    #[schema(minimum = 0, maximum = 2_592_000)]
    pub overlap_s: u32,
    /// For how many days the new token is valid. Default: as long as the old one was. 0 means until it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 3650)]
    pub days: Option<u32>,
}

/// A token. It is shown only this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssuedToken {
    /// The token. It is not stored: whoever loses it needs a new one.
    #[schema(example = "wbt_0a1b2c3d4e5f_…")]
    pub token: String,
    /// The account.
    pub account: TokenView,
}

fn read(record: &Record) -> Result<Account, StoreError> {
    serde_json::from_str(&record.body).map_err(|source| StoreError::Corrupt {
        subject: RecordKind::Token.subject(&record.id),
        source,
    })
}

/// Creates the first admin's token, if there are no accounts yet.
///
/// # Errors
/// A [`Problem`] if the store cannot be read or written.
pub async fn first_admin(engine: &Engine) -> Result<Option<IssuedToken>, Problem> {
    if !engine.store.records(RecordKind::Token).await?.is_empty() {
        return Ok(None);
    }
    let new = NewToken {
        name: "first admin".to_owned(),
        role: Role::Admin,
        party: None,
        days: Some(FIRST_DAYS),
        scope: Scope::All,
        networks: Vec::new(),
    };
    match give(engine, "service", Some(FIRST), new).await {
        Ok(issued) => Ok(Some(issued)),
        // Another process was faster, and has shown the token.
        Err(problem) if problem.status == StatusCode::CONFLICT.as_u16() => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// For how many days the first admin's token is valid: long enough to create other accounts.
const FIRST_DAYS: u32 = 30;

/// For how many days a token is valid by default.
const DAYS: u32 = 365;

/// The id of the first admin's account. It is fixed, so of several processes that start together only one creates the
/// account.
const FIRST: &str = "first";

/// The longest overlap of an old token with its replacement, in seconds.
const LONGEST_OVERLAP: u32 = 30 * 24 * 3600;

/// The largest number of networks of one token.
const MOST_NETWORKS: usize = 100;

fn random(error: getrandom::Error) -> Problem {
    Problem::new(
        ProblemKind::Unavailable,
        format!("the system gives no random numbers: {error}"),
        "try again",
    )
}

/// The time `days` after `now`. `None` for 0 days, which means that the token does not expire.
fn in_days(days: u32, now: Timestamp) -> Option<Timestamp> {
    (days > 0).then(|| now + TimeDelta::days(i64::from(days)))
}

async fn give(
    engine: &Engine,
    actor: &str,
    id: Option<&str>,
    new: NewToken,
) -> Result<IssuedToken, Problem> {
    let (id, token, hash) = issue(id).map_err(random)?;
    let now = engine.clock.now();
    let expires = in_days(new.days.unwrap_or(DAYS), now);
    let account = Account {
        id: id.clone(),
        name: new.name.trim().to_owned(),
        role: new.role,
        party: new.party,
        hash,
        created: now,
        expires,
        revoked: None,
        scope: new.scope,
        networks: new.networks.iter().map(IpNet::trunc).collect(),
        rotated: None,
        replaced: None,
    };
    write(engine, actor, 0, &account, RecordEvent::TokenIssued).await?;
    Ok(IssuedToken { token, account: TokenView::of(account, None) })
}

async fn write(
    engine: &Engine,
    actor: &str,
    expected: i64,
    account: &Account,
    event: RecordEvent,
) -> Result<(), Problem> {
    let mut change_set = ChangeSet::new(actor, engine.clock.now());
    let corrupt = |source| StoreError::Corrupt { subject: account.id.clone(), source };
    let body = serde_json::to_string(account).map_err(corrupt)?;
    let id = account.id.clone();
    change_set.records.push(RecordChange { kind: RecordKind::Token, id, expected, body, event });
    match engine.commit(vec![change_set], None).await?.pop() {
        None | Some(Fate::Committed) => Ok(()),
        Some(Fate::Stale { .. }) => Err(Problem::new(
            ProblemKind::Conflict,
            "another request has changed it in the meantime",
            "try again",
        )),
        Some(Fate::Refused { rule }) => Err(Problem::new(ProblemKind::Refused, rule, "")),
    }
}

/// All accounts.
#[utoipa::path(
    get, path = "/v1/tokens", tag = "accounts", responses((status = 200, body = Vec<TokenView>))
)]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<Vec<TokenView>>, Problem> {
    let all = NoteRange {
        after: String::new(),
        before: "~".to_owned(),
        backwards: false,
        limit: 100_000,
    };
    let used: BTreeMap<String, String> =
        api.engine.store.notes(NoteKind::TokenUsed, &all).await?.into_iter().collect();
    let mut views = Vec::new();
    for record in api.engine.store.records(RecordKind::Token).await? {
        let last = used.get(&record.id).and_then(|at| at.parse().ok());
        views.push(TokenView::of(read(&record)?, last));
    }
    views.sort_by_key(|view| view.created);
    Ok(Json(views))
}

/// Creates an account. Its token is in the answer and is never shown again.
#[utoipa::path(
    post, path = "/v1/tokens", tag = "accounts", request_body = NewToken,
    responses((status = 201, body = IssuedToken))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<IssuedToken>), Problem> {
    check(&new, &*api.engine.coalition().await?)?;
    let issued = give(&api.engine, &caller.actor(), None, new).await?;
    Ok((StatusCode::CREATED, Json(issued)))
}

fn bounded(days: Option<u32>) -> Result<(), Problem> {
    if days.is_some_and(|days| days > 3650) {
        return Err(Problem::field(
            "days",
            "it is above 3650",
            "use 0 for a token that is valid until it is revoked",
        ));
    }
    Ok(())
}

fn check(new: &NewToken, coalition: &Coalition) -> Result<(), Problem> {
    if new.name.trim().is_empty() || new.name.chars().count() > 100 {
        return Err(Problem::field("name", "it is empty, or longer than 100 characters", ""));
    }
    bounded(new.days)?;
    if new.networks.len() > MOST_NETWORKS {
        let detail = format!("there are more than {MOST_NETWORKS} networks");
        return Err(Problem::field("networks", detail, "combine them into larger networks"));
    }
    let (party, wanted) = match (&new.party, new.role.acts_for()) {
        (None, None) => return Ok(()),
        (Some(_), None) => {
            let detail = format!("the role {} does not act for a party", new.role.name());
            return Err(Problem::field("party", detail, "leave it out"));
        }
        (None, Some(wanted)) => {
            let detail = format!("the role {} acts for {wanted}", new.role.name());
            return Err(Problem::field("party", detail, "name the party"));
        }
        (Some(party), Some(wanted)) => (party, wanted),
    };
    let is_known = match new.role {
        Role::Reviewer => coalition.groups.contains_key(party),
        Role::Recipient => coalition.consignees.contains_key(party),
        Role::Supplier | Role::Carrier => {
            // A donor is the supplier of what it gives in kind.
            coalition.offers.values().any(|offer| offer.supplier == *party)
                || coalition.parties.contains_key(party)
        }
        Role::BuyingAgent => {
            coalition.parties.contains_key(party)
                || coalition.offers.values().any(|offer| offer.channel == *party)
        }
        _ => coalition.parties.contains_key(party),
    };
    if is_known {
        return Ok(());
    }
    let detail = format!("`{party}` is not {wanted} of this coalition");
    Err(Problem::field("party", detail, "add it first, or correct the id"))
}

/// Revokes an account. Its token is invalid from this moment.
#[utoipa::path(
    delete, path = "/v1/tokens/{id}", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, body = TokenView))
)]
pub(crate) async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<TokenView>, Problem> {
    let record = api.engine.store.record(RecordKind::Token, &id).await?;
    let record = record.ok_or_else(|| Problem::unknown("account", &id))?;
    let mut account = read(&record)?;
    if account.revoked.is_none() {
        account.revoked = Some(api.engine.clock.now());
        write(&api.engine, &caller.actor(), record.version, &account, RecordEvent::TokenRevoked)
            .await?;
    }
    Ok(Json(TokenView::of(account, None)))
}

/// Replaces an account's token. The account keeps its rights, id and webhooks.
///
/// The old token ends at once or after an overlap.
#[utoipa::path(
    post, path = "/v1/tokens/{id}/rotate", tag = "accounts",
    params(("id" = String, Path, description = "The account's id")),
    request_body = RotateToken,
    responses((status = 200, body = IssuedToken))
)]
pub(crate) async fn rotate(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
    Body(asked): Body<RotateToken>,
) -> Result<Json<IssuedToken>, Problem> {
    bounded(asked.days)?;
    if asked.overlap_s > LONGEST_OVERLAP {
        let detail = format!("it is longer than {LONGEST_OVERLAP} s (30 days)");
        return Err(Problem::field("overlap_s", detail, "give a shorter overlap"));
    }
    let record = api.engine.store.record(RecordKind::Token, &id).await?;
    let record = record.ok_or_else(|| Problem::unknown("account", &id))?;
    let account = read(&record)?;
    if let Some(at) = account.revoked {
        let detail = format!("the account {id} was revoked at {at}");
        return Err(Problem::new(ProblemKind::Conflict, detail, "create a new account"));
    }
    let (_, token, hash) = issue(Some(&id)).map_err(random)?;
    let now = api.engine.clock.now();
    let began = account.rotated.unwrap_or(account.created);
    let expires = match asked.days {
        Some(days) => in_days(days, now),
        None => account.expires.map(|expires| now + (expires - began)),
    };
    // An expired token does not become valid again, and no old token outlives its own expiry.
    let until = now + TimeDelta::seconds(i64::from(asked.overlap_s));
    let until = account.expires.map_or(until, |expires| expires.min(until));
    let replaced = (until > now).then_some(Replaced { hash: account.hash, until });
    let account = Account { hash, expires, rotated: Some(now), replaced, ..account };
    write(&api.engine, &caller.actor(), record.version, &account, RecordEvent::TokenRotated)
        .await?;
    Ok(Json(IssuedToken { token, account: TokenView::of(account, None) }))
}
