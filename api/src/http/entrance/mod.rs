//! The two entrances: from this machine, and from the network.

pub(crate) mod health;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use futures_util::StreamExt as _;
use http_body_util::Limited;
use ipnet::IpNet;
use tokio::time::{Instant, timeout, timeout_at};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use self::health::{MetricsToken, health};
use crate::http::access::{AccessLog, Named, Written, authenticate, is_local};
use crate::http::admission::idempotency::once;
use crate::http::admission::{Admission, LARGEST_MESSAGE, admit, length, only_reads, waits};
use crate::http::limits::Limits;
use crate::http::origin::find;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::{LARGEST, too_large};
use crate::http::state::Api;
use crate::http::{openapi, routes};

/// The largest body from this machine, in bytes.
const LARGEST_LOCAL: usize = 256 * 1024 * 1024;

/// The largest body of rows that the command line has parsed, in bytes. Such a body takes many times its size in
/// memory.
const LARGEST_TYPED: usize = 12 * 1024 * 1024;

/// How long a request from the network may take to arrive and be answered. A long poll and a stream of events have
/// their own limits.
const PATIENCE: Duration = Duration::from_secs(30);

/// The header with the request id, in requests and answers.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Settings of the network entrance.
#[derive(Debug, Clone)]
pub struct Network {
    /// Whether a token is required. Without accounts, everybody who reaches the address is the operator.
    pub accounts: bool,
    /// The largest body, in bytes.
    pub largest: usize,
    /// Requests per second for each account. Bursts may be twice as large. 0 means no limits.
    pub per_second: u32,
    /// Networks of proxies whose `X-Forwarded-For` header is trusted.
    pub proxies: Vec<IpNet>,
    /// The log of every request. `None` means no access log.
    pub access_log: Option<Arc<AccessLog>>,
    /// The token that `/metrics` requires. `None` means that everybody who reaches the port may read it.
    pub metrics: Option<MetricsToken>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            accounts: true,
            largest: LARGEST,
            per_second: 200,
            proxies: Vec::new(),
            access_log: None,
            metrics: None,
        }
    }
}

fn v1(api: &Api, limits: Option<Limits>, admission: Option<Arc<Admission>>) -> Router {
    let (router, _) = OpenApiRouter::from(Router::new()).merge(routes::all()).split_for_parts();
    router
        .merge(routes::unlisted())
        .route_layer(from_fn_with_state(api.clone(), once))
        .route_layer(from_fn_with_state((admission, limits.clone()), admit))
        .route_layer(from_fn_with_state((api.clone(), limits), authenticate))
        .with_state(api.clone())
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
}

/// The service for callers on this machine, who all act as the operator.
pub fn local(api: &Api) -> Router {
    v1(api, None, None).layer(DefaultBodyLimit::max(LARGEST_LOCAL)).layer(from_fn(is_local))
}

/// The service for the network: routes with accounts, health and metrics, and the API description.
pub fn network(api: &Api, network: &Network) -> Router {
    let limits = Limits::new(network.per_second);
    let admission = network.accounts.then(Arc::<Admission>::default);
    let mut v1 = v1(api, Some(limits.clone()), admission.clone())
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(network.largest, bounded));
    if !network.accounts {
        v1 = v1.layer(from_fn(is_local));
    }
    let described = Router::new()
        .route("/v1/openapi.json", routing::get(openapi::json))
        .route("/docs", routing::get(openapi::page))
        .route("/problems/{kind}", routing::get(openapi::problem))
        .method_not_allowed_fallback(not_so)
        .merge(upload::routes(api, &limits, admission, network.largest));
    described
        .merge(health(api.engine.clone(), network.metrics.clone()))
        .merge(v1)
        .layer(from_fn(says_little))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(|_| Problem::inside().into_response()))
        .layer(from_fn_with_state(network.access_log.clone(), is_written))
        .layer(from_fn(in_time))
        .layer(from_fn(is_named))
        .layer(from_fn_with_state(Arc::from(network.proxies.as_slice()), find))
}

async fn nowhere(request: Request) -> Problem {
    let detail = format!("there is no route {}", request.uri().path());
    Problem::new(ProblemKind::NotFound, detail, "see /docs for the routes")
}

async fn not_so(request: Request) -> Problem {
    let detail = format!("{} does not accept {}", request.method(), request.uri().path());
    Problem::new(ProblemKind::MethodNotAllowed, detail, "see /docs for the routes")
}

/// Replaces the text of an internal error. The cause is only in the log.
async fn says_little(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        return Problem::inside().into_response();
    }
    response
}

/// Bounds the body: to `largest` for an uploaded file, and to a smaller size elsewhere.
async fn bounded(State(largest): State<usize>, request: Request, next: Next) -> Response {
    let most = match request.uri().path() {
        "/v1/requisitions" => largest,
        "/v1/imports" | "/v1/coalition" | "/v1/commands" | "/v1/acts" => LARGEST_TYPED.min(largest),
        _ => LARGEST_MESSAGE.min(largest),
    };
    if length(&request).is_some_and(|declared| declared > most as u64) {
        return too_large().into_response();
    }
    next.run(request.map(|body| Body::new(Limited::new(body, most)))).await
}

/// A body that breaks off if it does not arrive in time, because a request that is still arriving holds a place that
/// others need.
fn arriving(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    // By then the request has timed out, so a client that is still connected already has its answer.
    let end = Instant::now() + PATIENCE + Duration::from_secs(1);
    let frames =
        futures_util::stream::unfold(Some(body.into_data_stream()), move |left| async move {
            let mut left = left?;
            match timeout_at(end, left.next()).await {
                Ok(Some(Ok(frame))) => Some((Ok(frame), Some(left))),
                Ok(Some(Err(error))) => Some((Err(error), None)),
                Ok(None) => None,
                Err(_) => Some((Err(axum::Error::new("the request did not arrive in time")), None)),
            }
        });
    Body::from_stream(frames)
}

/// Ends requests that arrive or run too long, except those that stream events. A change that has begun runs to its end
/// even if its caller leaves or gets a timeout, so nothing is cut off halfway. A request that only reads ends when
/// nobody waits for its answer.
async fn in_time(request: Request, next: Next) -> Response {
    if waits(&request) {
        return next.run(request).await;
    }
    let request = request.map(arriving);
    let answered = match only_reads(&request) {
        true => timeout(PATIENCE, next.run(request)).await.map(Ok),
        false => timeout(PATIENCE, tokio::spawn(next.run(request))).await,
    };
    match answered {
        Ok(response) => response.unwrap_or_else(|_| Problem::inside().into_response()),
        Err(_) => {
            let detail = format!(
                "the request was not received and answered within {} s",
                PATIENCE.as_secs()
            );
            Problem::new(ProblemKind::Timeout, detail, "send a smaller request").into_response()
        }
    }
}

/// Gives each request an id: the one that its sender chose, or a new one.
async fn is_named(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(REQUEST_ID).filter(|id| is_plain(id)).cloned();
    let id = given.unwrap_or_else(new_id);
    request.extensions_mut().insert(Named(id.to_str().unwrap_or_default().to_owned()));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Logs each request when it is answered or dropped, even if the caller has left.
async fn is_written(
    State(log): State<Option<Arc<AccessLog>>>,
    mut request: Request,
    next: Next,
) -> Response {
    let written = Written::begun(log.filter(|_| !is_probe(request.uri().path())), &request);
    request.extensions_mut().insert(written.seen());
    let response = next.run(request).await;
    written.answered(response.status());
    response
}

/// Whether machines call this path every few seconds.
fn is_probe(path: &str) -> bool {
    path.starts_with("/health/") || path == "/metrics"
}

fn is_plain(id: &HeaderValue) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=64).contains(&id.len()) && id.as_bytes().iter().all(is_word)
}

fn new_id() -> HeaderValue {
    let number = getrandom::u64().unwrap_or_default();
    HeaderValue::from_str(&format!("{number:016x}")).unwrap_or(HeaderValue::from_static("0"))
}
