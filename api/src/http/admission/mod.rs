//! Limits how many requests run at the same time. The cost of a request depends on its route: most read a page, some
//! read everything. Each cost has a number of places for the whole service and for each account. A request keeps its
//! place until its answer has been handed to the connection. Health checks and the operator on this machine need no
//! place.

pub(crate) mod idempotency;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Query, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::access::Caller;
use crate::http::limits::Limits;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::media_type;

/// The largest body that is not a file, in bytes.
pub(crate) const LARGEST_MESSAGE: usize = 1024 * 1024;

/// Bodies up to this size are read before the request takes a place, so a slow sender keeps nobody out. In bytes.
const SHORT: u64 = 64 * 1024;

/// Above this size a file counts as one of the few that are read at the same time. In bytes.
const SMALL_FILE: u64 = 64 * 1024;

/// Above this limit a list costs more than a page.
const LONG_LIST: u32 = 1000;

/// How long a request waits for a place.
const WAIT: Duration = Duration::from_secs(10);

/// The number of tracked accounts above which those without requests are dropped.
const ACCOUNTS: usize = 10_000;

/// How much load a request causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Reads or writes a few things.
    Little,
    /// Reads much of the stored data.
    Much,
    /// Reads an uploaded file, which may unpack to more.
    File,
    /// Calls an outside party and waits for it.
    Outside,
}

impl Cost {
    /// The cost of `request`. `None` if the request waits for events: those have limits of their own.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let query = parameters(request);
        Some(match route {
            "/v1/events" if waits(request) => return None,
            "/v1/events" if is_searched(&query) => Self::Much,
            "/v1/commands" | "/v1/acts"
                if length(request).is_none_or(|size| size > LARGEST_MESSAGE as u64) =>
            {
                Self::File
            }
            "/v1/requisitions" if is_small(request) => Self::Little,
            "/v1/requisitions" | "/v1/imports" | "/v1/coalition" => Self::File,
            "/v1/webhooks/{id}/ping" => Self::Outside,
            "/v1/lots/{id}/why" | "/v1/plan" | "/v1/report" | "/v1/check" | "/v1/audit"
            | "/v1/doctor" | "/v1/todo" | "/v1/arrivals" | "/v1/lead-times" | "/v1/money"
            | "/v1/status" => Self::Much,
            route if route.starts_with("/v1/reports/") => Self::Much,
            // Only reads may move to the thread pool. A write needs the mark of its request, which is local to this
            // task.
            _ if request.method().is_safe() && (is_of_another_day(&query) || is_long(&query)) => {
                Self::Much
            }
            _ => Self::Little,
        })
    }

    /// The number of requests that this counts as in the account's rate limit.
    pub(crate) fn points(self) -> u32 {
        match self {
            Self::Little => 1,
            Self::Much | Self::File | Self::Outside => 5,
        }
    }

    /// How many requests may run at the same time: of all accounts, and of one account. An account that exceeds its own
    /// number is refused; for [`Self::Little`] it waits instead.
    fn places(self) -> (usize, usize) {
        match self {
            Self::Little => (64, 16),
            Self::Much => (cores(), 4),
            Self::File => (2, 1),
            Self::Outside => (8, 1),
        }
    }

    const ALL: [Self; 4] = [Self::Little, Self::Much, Self::File, Self::Outside];
}

/// Whether the body is a short text rather than a file. A body without a declared length may be long, and a workbook
/// unpacks to more.
fn is_small(request: &Request) -> bool {
    let kind = media_type(request.headers());
    let is_text = ["json", "csv"].iter().any(|word| kind.contains(word));
    is_text && length(request).is_some_and(|length| length <= SMALL_FILE)
}

/// The declared length of the body.
pub(crate) fn length(request: &Request) -> Option<u64> {
    let header = request.headers().get(header::CONTENT_LENGTH)?;
    header.to_str().ok()?.parse().ok()
}

/// The query parameters, parsed as the routes parse them.
fn parameters(request: &Request) -> Vec<(String, String)> {
    Query::try_from_uri(request.uri()).map(|query| query.0).unwrap_or_default()
}

/// Whether the answer waits for future events: a long poll, or a stream.
pub(crate) fn waits(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let polls = |(name, text): &(String, String)| {
        name == "wait" && text.parse::<u32>().is_ok_and(|seconds| seconds > 0)
    };
    request.uri().path() == "/v1/events"
        && (accepts.is_some_and(|kinds| kinds.contains("text/event-stream"))
            || parameters(request).iter().any(polls))
}

fn is_of_another_day(query: &[(String, String)]) -> bool {
    query.iter().any(|(name, _)| name == "on")
}

/// Whether the request filters the log, so that many events may be read for few results.
fn is_searched(query: &[(String, String)]) -> bool {
    query.iter().any(|(name, _)| !["after", "last", "limit", "wait"].contains(&name.as_str()))
}

fn is_long(query: &[(String, String)]) -> bool {
    let is_long = |text: &str| text.parse::<u32>().is_ok_and(|limit| limit > LONG_LIST);
    query.iter().any(|(name, text)| ["limit", "last"].contains(&name.as_str()) && is_long(text))
}

/// How many heavy requests of one account may run or be next in line. Its further requests queue behind those of other
/// accounts, which would otherwise have to wait for all of them.
fn turns() -> usize {
    cores().div_ceil(2)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// The places for each cost.
#[derive(Debug)]
struct Places([Arc<Semaphore>; 4]);

/// The places of one account, and its turns for heavy requests.
#[derive(Debug)]
struct Own {
    places: Places,
    turns: Arc<Semaphore>,
}

impl Places {
    fn new(count: impl Fn(Cost) -> usize) -> Self {
        Self(Cost::ALL.map(|cost| Arc::new(Semaphore::new(count(cost)))))
    }

    fn of(&self, cost: Cost) -> Arc<Semaphore> {
        self.0[cost as usize].clone()
    }
}

/// The places of one service.
#[derive(Debug)]
pub(crate) struct Admission {
    all: Places,
    accounts: Mutex<HashMap<String, Arc<Own>>>,
}

impl Default for Admission {
    fn default() -> Self {
        Self { all: Places::new(|cost| cost.places().0), accounts: Mutex::default() }
    }
}

/// A place. Dropping it frees the place.
pub(crate) struct Place(#[expect(dead_code, reason = "it is held")] Vec<OwnedSemaphorePermit>);

impl Admission {
    /// The places of an account.
    fn of(&self, account: &str) -> Arc<Own> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() > ACCOUNTS {
            accounts.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let new = || {
            let places = Places::new(|cost| cost.places().1);
            Arc::new(Own { places, turns: Arc::new(Semaphore::new(turns())) })
        };
        accounts.entry(account.to_owned()).or_insert_with(new).clone()
    }

    /// Waits for a place for a request of `account`, or refuses it.
    pub(crate) async fn place(&self, account: &str, cost: Cost) -> Result<Place, Problem> {
        let account = self.of(account);
        let own = account.places.of(cost);
        let own = match cost {
            Cost::Little => {
                within(own).await.ok_or_else(|| busy("this account has too many requests running"))
            }
            Cost::Much | Cost::File | Cost::Outside => own.try_acquire_owned().map_err(|_| {
                busy("this account already has as many requests running as it may have at once")
            }),
        }?;
        let others = || busy("the service is answering earlier requests");
        let mut held = vec![own];
        if cost == Cost::Much {
            held.push(within(account.turns.clone()).await.ok_or_else(others)?);
        }
        let all = self.all.of(cost);
        let all = match cost {
            Cost::File => all.try_acquire_owned().ok(),
            Cost::Little | Cost::Much | Cost::Outside => within(all).await,
        };
        held.push(all.ok_or_else(others)?);
        Ok(Place(held))
    }
}

/// Waits up to [`WAIT`] for a place.
async fn within(places: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    tokio::time::timeout(WAIT, places.acquire_owned()).await.ok()?.ok()
}

fn busy(detail: &str) -> Problem {
    let hint = "wait for the time in Retry-After, then try again";
    Problem { retry_after: Some(2), ..Problem::new(ProblemKind::TooManyRequests, detail, hint) }
}

/// Answers a request once there is a place for it.
pub(crate) async fn admit(
    State((admission, limits)): State<(Option<Arc<Admission>>, Option<Limits>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(cost) = Cost::of(&request) else { return next.run(request).await };
    let caller = request.extensions().get::<Caller>().map(|caller| caller.id().to_owned());
    let place = match (&admission, caller) {
        (Some(admission), Some(account)) => {
            if cost == Cost::Little && length(&request).is_some_and(|size| size <= SHORT) {
                let (parts, body) = request.into_parts();
                request = match body.collect().await {
                    Ok(arrived) => Request::from_parts(parts, Body::from(arrived.to_bytes())),
                    Err(error) => {
                        let detail = format!("the body of the request ended early: {error}");
                        return Problem::new(ProblemKind::Malformed, detail, "send it again")
                            .into_response();
                    }
                };
            }
            // A client that follows the log requests one page after the other.
            let is_page = request.uri().path() == "/v1/events";
            let more = if is_page { 0 } else { cost.points() - 1 };
            if let Some(problem) = limits.and_then(|limits| limits.more(&account, more).err()) {
                return problem.into_response();
            }
            match admission.place(&account, cost).await {
                Ok(place) => Some(place),
                Err(problem) => return problem.into_response(),
            }
        }
        _ => None,
    };
    let (response, place) = match cost {
        Cost::Much => beside(request, next, place).await,
        Cost::Little | Cost::File | Cost::Outside => (next.run(request).await, place),
    };
    let Some(place) = place else { return response };
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held = &place;
            frame
        }))
    })
}

/// Runs the request on a thread of its own, so that a long computation does not hold up others. It ends when nobody
/// waits for its answer any more, and keeps its place until the thread ends.
async fn beside(request: Request, next: Next, place: Option<Place>) -> (Response, Option<Place>) {
    let (waits, gone) = tokio::sync::oneshot::channel::<()>();
    let runtime = tokio::runtime::Handle::current();
    let span = tracing::Span::current();
    let answered = tokio::task::spawn_blocking(move || {
        let _span = span.entered();
        let answered = runtime.block_on(async {
            tokio::select! {
                response = next.run(request) => Some(response),
                _ = gone => None,
            }
        });
        (answered, place)
    });
    let answered = answered.await;
    drop(waits);
    match answered {
        Ok((Some(response), place)) => (response, place),
        Ok((None, _)) => (Problem::inside().into_response(), None),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => (Problem::inside().into_response(), None),
        },
    }
}

/// Whether a request only reads, so that it may be aborted when nobody waits for its answer.
pub(crate) fn only_reads(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD) || request.uri().path() == "/v1/plan"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(route: &str) -> (Cost, Admission) {
        let request = Request::get(route).body(Body::empty()).expect("a request");
        (Cost::of(&request).expect("a cost"), Admission::default())
    }

    #[test]
    fn what_reads_more_costs_more() {
        assert_eq!(asked("/v1/lots?limit=100").0, Cost::Little);
        assert_eq!(asked("/v1/lots?limit=10000").0, Cost::Much);
        assert_eq!(asked("/v1/lots?on=2025-01-01&limit=1").0, Cost::Much);
    }

    #[tokio::test]
    async fn one_account_does_not_take_all_places() {
        let admission = Admission::default();
        let first = admission.place("a", Cost::File).await.ok();
        assert!(first.is_some());
        assert!(admission.place("a", Cost::File).await.is_err(), "one file of an account at once");
        let second = admission.place("b", Cost::File).await.ok();
        assert!(second.is_some());
        assert!(admission.place("c", Cost::File).await.is_err(), "two files at once");
        drop(first);
        assert!(admission.place("c", Cost::File).await.is_ok());
    }

    #[tokio::test]
    async fn whoever_asks_one_heavy_question_does_not_wait_for_all_of_anothers() {
        let admission = Arc::new(Admission::default());
        let mut held = Vec::new();
        for _ in 0..turns() {
            held.push(admission.place("a", Cost::Much).await.ok());
        }
        // More requests of the same account wait in that account's own queue.
        let more = tokio::spawn({
            let admission = admission.clone();
            async move { admission.place("a", Cost::Much).await.is_ok() }
        });
        tokio::task::yield_now().await;
        for _ in turns()..cores() {
            held.push(admission.place("b", Cost::Much).await.ok());
        }
        let asked = tokio::spawn({
            let admission = admission.clone();
            async move { admission.place("c", Cost::Much).await.ok() }
        });
        tokio::task::yield_now().await;
        // When one is answered, the other account's only request is next, whoever asked first.
        drop(held.remove(0));
        assert!(asked.await.expect("ran").is_some());
        assert!(!more.is_finished());
    }
}
