//! Who makes a request: an account, identified by its token, or the operator on this machine.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use waybill_shared::domain::account::{Account, Role};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{NoteKind, RecordKind};
use waybill_shared::domain::lot::{Lot, Timestamp};
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::request_mark::{Mark, with_mark};
use waybill_shared::sealing::text;
use waybill_shared::store::{ChangeSet, NoteChange, StoreError};
use waybill_shared::visibility::Visibility;

use super::log::Seen;
use super::table::allowed;
use super::token::{claimed, is_right, parts};
use crate::http::limits::Limits;
use crate::http::origin::Origin;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::state::Api;
use crate::queries::near::unknown;

/// The precision of a token's recorded last use.
const USED_EXACT: TimeDelta = TimeDelta::minutes(1);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The operator on this machine: over the socket of `serve`, whose file only its owner can open, or in the same
    /// process.
    Local,
    /// An account, identified by its token.
    Account(Box<Account>),
}

impl Caller {
    /// The role that the caller acts in.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Local => Role::Admin,
            Self::Account(account) => account.role,
        }
    }

    /// The party that the caller acts for. `None` for the operator and for roles without a party.
    #[must_use]
    pub fn party(&self) -> Option<&str> {
        match self {
            Self::Local => None,
            Self::Account(account) => account.party.as_deref(),
        }
    }

    /// The caller's name in the log.
    #[must_use]
    pub fn actor(&self) -> String {
        match self {
            Self::Local => "operator".to_owned(),
            Self::Account(account) => account.actor(),
        }
    }

    /// A key that is unique to the caller. Stored answers, rate limits and open streams are kept per caller.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Local => "local",
            Self::Account(account) => &account.id,
        }
    }

    /// Fails if the account has been revoked or has expired since it was authenticated.
    pub(crate) async fn still_holds(&self, engine: &Engine) -> Result<(), Problem> {
        let Self::Account(account) = self else { return Ok(()) };
        let record =
            engine.store.record(RecordKind::Token, &account.id).await?.ok_or_else(wrong)?;
        let now: Account = serde_json::from_str(&record.body).map_err(|_| wrong())?;
        // If the token was rotated in the meantime, the old one is valid only until its overlap ends.
        let now = now.by(|hash| hash == account.hash).ok_or_else(wrong)?;
        if now.is_live(engine.clock.now()) { Ok(()) } else { Err(wrong()) }
    }

    /// What data the caller may see.
    ///
    /// # Errors
    /// [`StoreError`] if the coalition cannot be read.
    pub async fn visibility(&self, engine: &Engine) -> Result<Visibility, StoreError> {
        Ok(Visibility::new(engine, engine.coalition().await?, self.role(), self.party()))
    }

    /// The lot `id` with its line, if the caller may see it.
    pub(crate) async fn lot(
        &self,
        engine: &Engine,
        visibility: &mut Visibility,
        id: &str,
    ) -> Result<(Lot, Arc<Line>), Problem> {
        let found = match id.parse::<LotId>() {
            Ok(lot) => engine.store.lots_by_id(&[lot.0]).await?,
            Err(_) => Vec::new(),
        };
        match visibility.lots(found).await?.pop() {
            Some(found) => Ok(found),
            // Suggestions for similar ids go only to callers who see everything.
            None if visibility.is_whole() => Err(unknown(engine, "lot", id).await.into()),
            None => Err(Problem::unknown("lot", id)),
        }
    }

    /// Whether the caller belongs to the secretariat.
    #[must_use]
    pub fn is_secretariat(&self) -> bool {
        matches!(self.role(), Role::Admin | Role::Operator)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let none = || {
            Problem::new(ProblemKind::Unauthorized, "the request names no account", "send a token")
        };
        parts.extensions.get::<Self>().cloned().ok_or_else(none)
    }
}

/// Marks the request as coming from the operator on this machine.
pub(crate) async fn is_local(mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Caller::Local);
    next.run(request).await
}

/// The caller, as recorded in the logs.
#[derive(Debug, Clone, Default)]
pub(crate) struct AccessEntry {
    /// The caller's name in the log. `None` if the caller is unknown.
    pub(crate) actor: Option<String>,
    /// The id of the token that was sent, valid or not.
    pub(crate) token: Option<String>,
    /// The salt of the request's mark. `None` if the request has no mark.
    pub(crate) salt: Option<String>,
}

/// The id of a request.
#[derive(Debug, Clone)]
pub(crate) struct Named(pub(crate) String);

impl AccessEntry {
    pub(crate) fn by(caller: &Caller) -> Self {
        let token = match caller {
            Caller::Local => None,
            Caller::Account(account) => Some(account.id.clone()),
        };
        Self { actor: Some(caller.actor()), token, salt: None }
    }

    /// For a request that did not authenticate. At most the id part of whatever was sent as a token gets into the logs.
    fn unknown(headers: &HeaderMap) -> Self {
        let shown = headers.get(header::AUTHORIZATION).and_then(|header| header.to_str().ok());
        let token = shown.and_then(|text| claimed(text.split_once(' ')?.1.trim()));
        let is_id = |id: &str| {
            (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let token = token.filter(|id| is_id(id)).map(str::to_owned);
        Self { actor: None, token, salt: None }
    }
}

/// Identifies the caller, and refuses the request if its role may not use the route or its rate is exceeded.
pub(crate) async fn authenticate(
    State((api, limits)): State<(Api, Option<Limits>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match request.extensions().get::<Caller>() {
        Some(caller) => caller.clone(),
        None => match account(&api.engine, request.headers(), origin(&request)).await {
            Ok(account) => Caller::Account(Box::new(account)),
            Err(problem) => {
                let too_often = limits.as_ref().zip(origin(&request)).map(|(l, o)| l.stranger(o.0));
                let problem = too_often.and_then(Result::err).unwrap_or(problem);
                see(&request, AccessEntry::unknown(request.headers()));
                return problem.into_response();
            }
        },
    };
    let mut asked = AccessEntry::by(&caller);
    let mut response = match allow(&caller, limits.as_ref(), &request) {
        Ok(()) => {
            request.extensions_mut().insert(caller.clone());
            let marked = mark(&request, &asked);
            asked.salt = marked.as_ref().map(|(salt, _)| salt.clone());
            see(&request, asked);
            match marked {
                Some((_, mark)) => with_mark(mark, next.run(request)).await,
                None => next.run(request).await,
            }
        }
        Err(problem) => {
            see(&request, asked);
            problem.into_response()
        }
    };
    if let Some(limits) = limits {
        response = limits.told(response);
    }
    response
}

/// Passes the caller's identity to the logs.
pub(crate) fn see(request: &Request, asked: AccessEntry) {
    if let Some(seen) = request.extensions().get::<Seen>() {
        seen.is(asked);
    }
}

/// The mark that is stored with the changes of a request, and its salt. `None` if the request changes nothing, or if it
/// is not written to an access log: without that log nobody could tell what the mark stands for.
fn mark(request: &Request, asked: &AccessEntry) -> Option<(String, Mark)> {
    let Named(name) = request.extensions().get()?;
    let is_written = request.extensions().get::<Seen>().is_some_and(|seen| seen.is_written);
    if request.method().is_safe() || !is_written {
        return None;
    }
    let from = request.extensions().get::<Origin>().map(|origin| origin.0.to_string());
    let salt = text::new_id::<16>().ok()?;
    let token = asked.token.as_deref().unwrap_or_default();
    let mark = Mark::of(&salt, name, from.as_deref().unwrap_or_default(), token);
    Some((salt, mark))
}

fn allow(caller: &Caller, limits: Option<&Limits>, request: &Request) -> Result<(), Problem> {
    if let Some(limits) = limits {
        limits.account(caller.id())?;
    }
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    may(caller, request.method().as_str(), path)
}

/// Refuses a route that the caller's role or the scope of its account does not allow.
pub(crate) fn may(caller: &Caller, method: &str, path: &str) -> Result<(), Problem> {
    if let Caller::Account(account) = caller
        && !account.scope.lets(method)
    {
        let detail = format!("this token may only read, but {method} {path} changes something");
        return Err(Problem::new(
            ProblemKind::Forbidden,
            detail,
            "ask an admin for a token with another scope",
        ));
    }
    let is_allowed = allowed(method, path).is_some_and(|roles| roles.contains(&caller.role()));
    if is_allowed {
        return Ok(());
    }
    let detail = format!("the role {} may not do this", caller.role().name());
    Err(Problem::new(
        ProblemKind::Forbidden,
        detail,
        "ask an admin for an account with a role that may do this",
    ))
}

fn refuse(detail: &str) -> Problem {
    Problem::new(
        ProblemKind::Unauthorized,
        detail,
        "send `Authorization: Bearer TOKEN` with a live token (the command line: --token-file)",
    )
}

/// The same answer for anything wrong with a token, so that it does not reveal which accounts exist.
fn wrong() -> Problem {
    refuse("the token is not valid, or not valid any more")
}

fn origin(request: &Request) -> Option<Origin> {
    request.extensions().get::<Origin>().copied()
}

/// The account of the token in the request's headers.
async fn account(
    engine: &Engine,
    headers: &HeaderMap,
    origin: Option<Origin>,
) -> Result<Account, Problem> {
    let Some(header) = headers.get(header::AUTHORIZATION) else {
        return Err(refuse("the request carries no token"));
    };
    let text = header.to_str().map_err(|_| wrong())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(wrong)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(wrong());
    }
    by_token(engine, token.trim(), origin).await
}

/// The account of `token`, if it may be used from `origin`.
pub(crate) async fn by_token(
    engine: &Engine,
    token: &str,
    origin: Option<Origin>,
) -> Result<Account, Problem> {
    let (id, secret) = parts(token).map_err(|_| wrong())?;
    let record = engine.store.record(RecordKind::Token, id).await?.ok_or_else(wrong)?;
    let account: Account = serde_json::from_str(&record.body).map_err(|_| wrong())?;
    let now = engine.clock.now();
    let account = account.by(|hash| is_right(id, secret, hash)).ok_or_else(wrong)?;
    if !account.is_live(now) {
        return Err(wrong());
    }
    let origin = origin.map(|origin| origin.0);
    if !account.may_come_from(origin) {
        let from = origin.map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_string());
        tracing::warn!(
            account = account.actor(),
            from,
            "a token was used from an address that it may not be used from"
        );
        let detail = format!("this token may not be used from {from}");
        let hint = "use it from its allowed networks, or ask an admin for another token";
        return Err(Problem::new(ProblemKind::Forbidden, detail, hint));
    }
    mark_used(engine, id, now).await;
    Ok(account)
}

/// Records when a token was last used, to the minute.
async fn mark_used(engine: &Engine, id: &str, now: Timestamp) {
    let last = engine.store.note(NoteKind::TokenUsed, id).await.ok().flatten();
    let last = last.and_then(|text| text.parse::<Timestamp>().ok());
    if last.is_some_and(|last| now - last < USED_EXACT) {
        return;
    }
    let mut change_set = ChangeSet::new("api", now);
    change_set.notes.push(NoteChange {
        kind: NoteKind::TokenUsed,
        key: id.to_owned(),
        body: Some(now.to_rfc3339()),
    });
    if let Err(error) = engine.commit(vec![change_set], None).await {
        // A failure here does not fail the request.
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the use of a token could not be recorded"
        );
    }
}
