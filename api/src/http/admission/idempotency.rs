//! `Idempotency-Key`: a write that is repeated with the same key gets its first answer again and changes nothing more.
//! (The header is from the IETF draft draft-ietf-httpapi-idempotency-key-header.)
//!
//! Repeating a write changes nothing even without this. So if a process is killed between a change and its answer, the
//! same request is simply processed again.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use waybill_shared::domain::kinds::NoteKind;
use waybill_shared::domain::reply::Reply;
use waybill_shared::store::{ChangeSet, NoteChange};

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::bytes;
use crate::http::state::Api;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Marks an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The longest key, in characters.
const LONGEST: usize = 255;

/// The longest answer that is stored, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Keys of the requests that this process is currently answering.
static UNDER_WAY: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Reserves a key while its request is answered.
struct Held(String);

impl Held {
    fn take(key: &str) -> Option<Self> {
        let mut keys = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key.to_owned()).then(|| Self(key.to_owned()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Gives a repeated write its stored answer.
pub(crate) async fn once(State(api): State<Api>, request: Request, next: Next) -> Response {
    let is_write = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    match request.headers().get(KEY) {
        Some(key) if is_write => {
            let key = key.to_str().map(str::to_owned);
            match keyed(&api, key.ok(), request, next).await {
                Ok(response) => response,
                Err(problem) => problem.into_response(),
            }
        }
        _ => next.run(request).await,
    }
}

async fn keyed(
    api: &Api,
    key: Option<String>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key.filter(|key| !key.is_empty() && key.len() <= LONGEST);
    let key = key.ok_or_else(|| {
        let detail = format!("it must have 1 to {LONGEST} visible ASCII characters");
        Problem::field("Idempotency-Key", detail, "use a UUID")
    })?;
    let caller = request.extensions().get::<Caller>().map_or("nobody", Caller::id).to_owned();
    let key = format!("{caller}/{key}");
    let Some(_held) = Held::take(&key) else {
        let detail = "a request with this Idempotency-Key is still being answered";
        return Err(Problem {
            retry_after: Some(1),
            ..Problem::new(ProblemKind::Conflict, detail, "wait")
        });
    };
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let gives_secret = SECRETS.contains(&route);
    let query = request.uri().query().unwrap_or_default();
    let only_looks = query.split('&').any(|part| part == "dry_run=true");
    let (parts, body) = request.into_parts();
    let body = bytes(Request::from_parts(parts.clone(), body), &()).await?;
    let mut digest = Sha256::new();
    for part in [parts.method.as_str(), &parts.uri.to_string()] {
        digest.update(part);
        digest.update([0]);
    }
    digest.update(&body);
    let digest = hex::encode(digest.finalize());
    if let Some(kept) = api.engine.store.note(NoteKind::Reply, &key).await?
        && let Ok(reply) = serde_json::from_str::<Reply>(&kept)
    {
        if reply.request != digest {
            let detail = "this Idempotency-Key was already used for a different request";
            return Err(Problem::new(
                ProblemKind::Conflict,
                detail,
                "use a new key for a new request",
            ));
        }
        return Ok(again(reply));
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    // A refused request or a dry run changed nothing, so it may be sent again.
    if !response.status().is_success() || only_looks {
        return Ok(response);
    }
    if gives_secret {
        let detail = "the request with this Idempotency-Key was already carried out; its secret \
                      is shown only once";
        let problem = Problem::new(
            ProblemKind::Conflict,
            detail,
            "look the result up, or use a new key for another request",
        );
        keep(api, key, digest, problem.into_response()).await?;
        return Ok(response);
    }
    keep(api, key, digest, response).await
}

/// Routes whose answers contain a secret. Secrets are never stored.
const SECRETS: [&str; 4] =
    ["/v1/tokens", "/v1/tokens/{id}/rotate", "/v1/webhooks", "/v1/webhooks/{id}/rotate"];

async fn keep(
    api: &Api,
    key: String,
    request: String,
    response: Response,
) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let failed = |_| Problem::new(ProblemKind::Internal, "a stored answer could not be read", "");
    let body = to_bytes(body, usize::MAX).await.map_err(failed)?;
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    if let Ok(text) = String::from_utf8(body.to_vec())
        && text.len() <= LARGEST
    {
        let at = api.engine.clock.now();
        let reply = Reply {
            request,
            status: parts.status.as_u16(),
            content_type: content_type.and_then(|kind| kind.to_str().ok()).map(str::to_owned),
            body: text,
            at,
        };
        let mut change_set = ChangeSet::new("api", at);
        let body = serde_json::to_string(&reply).ok();
        change_set.notes.push(NoteChange { kind: NoteKind::Reply, key, body });
        api.engine.commit(vec![change_set], None).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn again(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let mut response = (status, reply.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Some(kind) = reply.content_type.and_then(|kind| HeaderValue::from_str(&kind).ok()) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
