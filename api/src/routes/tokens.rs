//! Accounts: tokens are shown once, kept as a hash, and can be revoked at once.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::account::{ACCOUNT, Account, Role};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::store::{Fate, NoteRange, Record, RecordChange, StoreError, Unit};

use crate::access::{Caller, USED, issue};
use crate::request::{Body, Named};
use crate::{Api, Problem};

/// An account without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Its id, with which its token begins, after `wbt_`.
    pub id: String,
    /// Who or what uses it.
    pub name: String,
    /// As what it acts.
    pub role: Role,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// When it was given.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created: Timestamp,
    /// From when on it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub revoked: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub last_used: Option<Timestamp>,
}

impl TokenView {
    fn of(account: Account, last_used: Option<Timestamp>) -> Self {
        let Account { id, name, role, party, created, expires, revoked, hash: _ } = account;
        Self { id, name, role, party, created, expires, revoked, last_used }
    }
}

/// An account to be given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Who or what will use it.
    #[schema(min_length = 1, max_length = 100, example = "logistics of the ministry")]
    pub name: String,
    /// As what it acts.
    pub role: Role,
    /// For whom: a party, an expert group (reviewer), a supplier (supplier, carrier) or a consignee's
    /// code (recipient).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// For how many days it holds; none: 365; 0: until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 3650)]
    pub days: Option<u32>,
}

/// A token, shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssuedToken {
    /// The token. It is not kept: who loses it asks for a new one.
    #[schema(example = "wbt_0a1b2c3d4e5f_…")]
    pub token: String,
    /// The account.
    pub account: TokenView,
}

fn read(record: &Record) -> Result<Account, StoreError> {
    serde_json::from_str(&record.body).map_err(|source| StoreError::Corrupt {
        subject: format!("{ACCOUNT}:{}", record.id),
        source,
    })
}

/// The first admin's token, if nobody has an account yet.
///
/// # Errors
/// A [`Problem`] if the store cannot be read or written.
pub async fn first_admin(engine: &Engine) -> Result<Option<IssuedToken>, Problem> {
    if !engine.store.records(ACCOUNT).await?.is_empty() {
        return Ok(None);
    }
    let new = NewToken {
        name: "first admin".to_owned(),
        role: Role::Admin,
        party: None,
        days: Some(FIRST_DAYS),
    };
    match give(engine, "service", Some(FIRST), new).await {
        Ok(issued) => Ok(Some(issued)),
        // Another process was first, and has shown it.
        Err(problem) if problem.status == StatusCode::CONFLICT.as_u16() => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// For how many days the first admin's account holds: long enough to give others.
const FIRST_DAYS: u32 = 30;

/// For how many days an account holds unless it is said.
const DAYS: u32 = 365;

/// The id of the first admin's account: of processes that start together one gives it.
const FIRST: &str = "first";

async fn give(
    engine: &Engine,
    actor: &str,
    id: Option<&str>,
    new: NewToken,
) -> Result<IssuedToken, Problem> {
    let random = |error: getrandom::Error| {
        Problem::new("unavailable", format!("no random numbers: {error}"), "try again")
    };
    let (id, token, hash) = issue(id).map_err(random)?;
    let now = engine.clock.now();
    let days = new.days.unwrap_or(DAYS);
    let expires = (days > 0).then(|| now + TimeDelta::days(i64::from(days)));
    let account = Account {
        id: id.clone(),
        name: new.name.trim().to_owned(),
        role: new.role,
        party: new.party,
        hash,
        created: now,
        expires,
        revoked: None,
    };
    write(engine, actor, 0, &account, "token.issued").await?;
    Ok(IssuedToken { token, account: TokenView::of(account, None) })
}

async fn write(
    engine: &Engine,
    actor: &str,
    expected: i64,
    account: &Account,
    event: &'static str,
) -> Result<(), Problem> {
    let mut unit = Unit::new(actor, engine.clock.now());
    let corrupt = |source| StoreError::Corrupt { subject: account.id.clone(), source };
    let body = serde_json::to_string(account).map_err(corrupt)?;
    let id = account.id.clone();
    unit.records.push(RecordChange { kind: ACCOUNT, id, expected, body, event });
    match engine.commit(vec![unit], None).await?.pop() {
        None | Some(Fate::Committed) => Ok(()),
        Some(Fate::Stale { .. }) => {
            Err(Problem::new("conflict", "another has changed it meanwhile", "try again"))
        }
        Some(Fate::Refused { rule }) => Err(Problem::new("refused", rule, "")),
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
        api.engine.store.notes(USED, &all).await?.into_iter().collect();
    let mut views = Vec::new();
    for record in api.engine.store.records(ACCOUNT).await? {
        let last = used.get(&record.id).and_then(|at| at.parse().ok());
        views.push(TokenView::of(read(&record)?, last));
    }
    views.sort_by_key(|view| view.created);
    Ok(Json(views))
}

/// Gives an account. Its token is in the answer, and never shown again.
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

fn check(new: &NewToken, coalition: &Coalition) -> Result<(), Problem> {
    if new.name.trim().is_empty() || new.name.chars().count() > 100 {
        return Err(Problem::field("name", "it is empty, or longer than 100 characters", ""));
    }
    if new.days.is_some_and(|days| days > 3650) {
        return Err(Problem::field("days", "it is more than 3650", "0: until it is revoked"));
    }
    let (party, wanted) = match (&new.party, new.role.acts_for()) {
        (None, None) => return Ok(()),
        (Some(_), None) => {
            let detail = format!("the role {} acts for nobody", new.role.name());
            return Err(Problem::field("party", detail, "leave it out"));
        }
        (None, Some(wanted)) => {
            let detail = format!("the role {} acts for {wanted}", new.role.name());
            return Err(Problem::field("party", detail, "say for whom"));
        }
        (Some(party), Some(wanted)) => (party, wanted),
    };
    let is_known = match new.role {
        Role::Reviewer => coalition.groups.contains_key(party),
        Role::Recipient => coalition.consignees.contains_key(party),
        Role::Supplier | Role::Carrier => {
            // A donor supplies what it gives in kind.
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
    let detail = format!("`{party}` is not {wanted} that the coalition knows");
    Err(Problem::field("party", detail, "state it first, or mend the id"))
}

/// Revokes an account: its token holds no longer, from this moment on.
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
    let record = api.engine.store.record(ACCOUNT, &id).await?;
    let record = record.ok_or_else(|| Problem::unknown("account", &id))?;
    let mut account = read(&record)?;
    if account.revoked.is_none() {
        account.revoked = Some(api.engine.clock.now());
        write(&api.engine, &caller.actor(), record.version, &account, "token.revoked").await?;
    }
    Ok(Json(TokenView::of(account, None)))
}
