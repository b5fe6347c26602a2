//! The event feed: pages, a long poll, or a stream. Also the log as stored, for audits.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};
use waybill_shared::audit::{Entry, Link};
use waybill_shared::dump::restores;
use waybill_shared::engine::Engine;
use waybill_shared::feed::{CloudEvent, Filter, Reader};

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::Params;
use crate::http::state::Api;
use crate::queries::cursor::{MOST, limit};
use crate::queries::log::feed::{archived, from};

/// The longest wait of a poll, in seconds.
const LONGEST: u32 = 20;

/// How often a poll and a stream check for new events.
const LOOK: Duration = Duration::from_millis(100);

/// The largest number of events read for one answer. The caller may see only few of them.
const LOOKED_AT: i64 = 50_000;

/// The number of events read at a time.
const WINDOW: i64 = 1000;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Which events to return.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Return events after this position. Default: from the first event.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// Return this many of the latest events instead, without waiting. 0 returns only the position of the end.
    #[param(minimum = 0, maximum = 10000)]
    last: Option<u32>,
    /// The largest number of events to return.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
    /// How many seconds to wait for an event if there is none yet. Default: no wait.
    #[param(minimum = 0, maximum = 20)]
    wait: Option<u32>,
    /// Kinds of events, separated by commas, such as `lot.matched,order.`.
    kinds: Option<String>,
    /// Only events about money of this donor.
    donor: Option<String>,
    /// Only events about lines of this requester.
    requester: Option<String>,
    /// Only events about this line.
    line: Option<String>,
    /// Only events of this subject.
    subject: Option<String>,
}

/// Events of the feed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// The events, in order of their positions.
    pub events: Vec<CloudEvent>,
    /// The position to go on from: up to there, there is nothing else for this caller.
    pub position: i64,
}

impl EventsQuery {
    fn filter(&self) -> Filter {
        let kinds = self.kinds.as_deref().unwrap_or_default();
        let kinds = kinds.split(',').map(str::trim).filter(|kind| !kind.is_empty());
        Filter {
            kinds: kinds.map(str::to_owned).collect(),
            donor: self.donor.clone(),
            requester: self.requester.clone(),
            line: self.line.clone(),
            subject: self.subject.clone(),
        }
    }
}

/// Events after a position, in order, as far as the caller may see them.
///
/// With `wait`, the answer comes as soon as there is an event. With `Accept: text/event-stream`, the answer is a
/// continuous stream that starts after `after` or `Last-Event-ID`.
#[utoipa::path(
    get, path = "/v1/events", tag = "events",
    params(
        EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "Where a stream goes on"),
    ),
    responses((status = 200, content((EventPage = "application/json"), (String = "text/event-stream"))))
)]
pub(crate) async fn feed(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Params(query): Params<EventsQuery>,
) -> Result<Response, Problem> {
    let limit = limit(query.limit)?;
    let wait = query.wait.unwrap_or(0);
    if wait > LONGEST {
        let detail = format!("{wait} is more than the limit of {LONGEST} s");
        return Err(Problem::field("wait", detail, "use a shorter wait, and ask again after it"));
    }
    let after = match query.after {
        Some(after) => after,
        // Start at the first event that has not been archived.
        None => archived(&api.engine).await?.map_or(0, |archive| archive.upto),
    };
    if after < 0 {
        return Err(Problem::field("after", "it is below zero", "give a position of the feed"));
    }
    if let Some(last) = query.last {
        if query.after.is_some() || last > MOST {
            let detail = format!("it is above {MOST}, or was given together with `after`");
            return Err(Problem::field("last", detail, "give one of them"));
        }
        return Ok(Json(latest(&api.engine, &caller, query.filter(), last).await?).into_response());
    }
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accepts.is_some_and(|accept| accept.contains("text/event-stream")) {
        let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
        let bad = |_| {
            let hint = "give the id of an event from this stream, or leave it out";
            Problem::field("Last-Event-ID", "it is not a position of the feed", hint)
        };
        let after = last.map(str::parse).transpose().map_err(bad)?.unwrap_or(after);
        let after = from(&api.engine, after).await?;
        return Ok(streamed(api.engine, caller, query.filter(), after)?.into_response());
    }
    let after = from(&api.engine, after).await?;
    let until = Instant::now() + Duration::from_secs(u64::from(wait));
    let _open = if wait > 0 { Some(Open::of(&caller)?) } else { None };
    let mut checked = Instant::now();
    let mut page = EventPage { events: Vec::new(), position: after };
    loop {
        read(&api.engine, &caller, query.filter(), &mut page, limit).await?;
        let is_over = Instant::now() >= until || api.engine.broker.is_closed();
        if !page.events.is_empty() || is_over {
            return Ok(Json(page).into_response());
        }
        tokio::time::sleep(LOOK).await;
        if checked.elapsed() >= RECHECK {
            caller.still_holds(&api.engine).await?;
            checked = Instant::now();
        }
    }
}

/// The last `count` events that the caller may see. The search ends after a fixed number of events.
async fn latest(
    engine: &Engine,
    caller: &Caller,
    filter: Filter,
    count: u32,
) -> Result<EventPage, Problem> {
    let (count, end) = (count as usize, engine.store.last_position().await?);
    let mut back = (count as i64).max(1);
    loop {
        let from = if filter.subject.is_some() { 0 } else { (end - back).max(0) };
        let mut page = EventPage { events: Vec::new(), position: from };
        read(engine, caller, filter.clone(), &mut page, usize::MAX).await?;
        if page.events.len() >= count || from == 0 || back >= LOOKED_AT {
            page.events.drain(..page.events.len().saturating_sub(count));
            return Ok(page);
        }
        back = (back * 8).min(LOOKED_AT);
    }
}

/// Adds to `page` the events that exist now.
async fn read(
    engine: &Engine,
    caller: &Caller,
    filter: Filter,
    page: &mut EventPage,
    limit: usize,
) -> Result<(), Problem> {
    let mut reader = Reader::new(engine, caller.visibility(engine).await?, filter);
    let first = page.position;
    let restores = restores(&*engine.store).await?;
    if let Some(read) = reader.of_subject(first).await? {
        let is_cut = read.events.len() > limit;
        page.events.extend(read.events.into_iter().take(limit));
        let last = page.events.last().filter(|_| is_cut).map(|event| event.position);
        page.position = last.unwrap_or(read.position);
        return Ok(());
    }
    loop {
        let read = reader.read(page.position, WINDOW).await?;
        let is_last = read.position - page.position < WINDOW;
        // Positions that a restore has voided are skipped, because readers may already have seen other events there.
        page.position = restores.iter().fold(read.position, |at, restore| restore.beyond(at));
        page.events.extend(read.events);
        if page.events.len() > limit {
            page.events.truncate(limit);
            page.position = page.events.last().map_or(first, |event| event.position);
            return Ok(());
        }
        if is_last || page.events.len() == limit || page.position - first >= LOOKED_AT {
            return Ok(());
        }
    }
}

/// How often a poll and a stream check whether their account is still valid.
const RECHECK: Duration = Duration::from_secs(2);

/// The largest number of open streams and polls of one account.
const STREAMS: usize = 20;

/// The number of open streams and polls, by account.
static OPEN: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

/// An open stream or poll. Dropping it lowers the account's count.
struct Open(String);

impl Open {
    fn of(caller: &Caller) -> Result<Self, Problem> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(caller.id().to_owned()).or_default();
        if *count >= STREAMS {
            let detail = format!("this account has {STREAMS} streams and polls open");
            let problem = Problem::new(ProblemKind::TooManyRequests, detail, "close some");
            return Err(Problem { retry_after: Some(1), ..problem });
        }
        *count += 1;
        Ok(Self(caller.id().to_owned()))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.0);
            }
        }
    }
}

/// The state of a stream between two events.
struct Follower {
    engine: Engine,
    caller: Caller,
    filter: Filter,
    page: EventPage,
    checked: Instant,
    _open: Open,
}

fn streamed(
    engine: Engine,
    caller: Caller,
    filter: Filter,
    after: i64,
) -> Result<impl IntoResponse, Problem> {
    let page = EventPage { events: Vec::new(), position: after };
    let _open = Open::of(&caller)?;
    let follower = Follower { engine, caller, filter, page, checked: Instant::now(), _open };
    let events = stream::unfold(follower, |mut follower| async move {
        loop {
            if follower.checked.elapsed() >= RECHECK {
                // A revoked account gets no more events.
                follower.caller.still_holds(&follower.engine).await.ok()?;
                follower.checked = Instant::now();
            }
            // When the process stops, the reader reconnects to another one and continues where it was.
            if follower.engine.broker.is_closed() {
                return None;
            }
            if follower.page.events.is_empty() {
                let Follower { engine, caller, filter, page, .. } = &mut follower;
                // If an error ends the stream, its reader reconnects and continues.
                read(engine, caller, filter.clone(), page, 100).await.ok()?;
                // The oldest goes last, so that `pop` returns it first.
                page.events.reverse();
            }
            match follower.page.events.pop() {
                Some(event) => return Some((sse(&event), follower)),
                None => tokio::time::sleep(LOOK).await,
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

fn sse(event: &CloudEvent) -> Result<axum::response::sse::Event, Infallible> {
    let text = serde_json::to_string(event).unwrap_or_default();
    let told = axum::response::sse::Event::default();
    Ok(told.id(event.position.to_string()).event(event.kind.clone()).data(text))
}

/// A part of the log as stored, with its proof.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// The events, each as it entered the hash chain.
    pub events: Vec<Entry>,
    /// The links of the hash chain that end among these events.
    pub links: Vec<Link>,
    /// The position to continue from.
    pub position: i64,
}

/// The log as stored: who did what and when, with the links of the hash chain.
#[utoipa::path(
    get, path = "/v1/audit", tag = "events",
    params(
        ("after" = Option<i64>, Query, minimum = 0, description = "The position after which events are wanted"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "How many at most"),
    ),
    responses((status = 200, body = AuditPage))
)]
pub(crate) async fn audit(
    State(api): State<Api>,
    Params(query): Params<AuditQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = limit(query.limit)?;
    let after = query.after.unwrap_or(0);
    if after < 0 {
        return Err(Problem::field("after", "it is below zero", "give a position of the log"));
    }
    let events = api.engine.store.events_after(after, limit as i64).await?;
    let position = events.last().map_or(after, |event| event.position);
    let links = api.engine.store.chain().await?;
    let links = links.into_iter().filter(|(at, _)| *at > after && *at <= position);
    let links = links.map(|(position, hash)| Link { position, hash }).collect();
    let events = events.into_iter().map(Entry::from).collect();
    Ok(Json(AuditPage { events, links, position }))
}

/// The part of the log to return.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    after: Option<i64>,
    limit: Option<u32>,
}
