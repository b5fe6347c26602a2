//! The service as a whole.

use axum::Json;
use axum::extract::State;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waybill_shared::check::{Findings, check_telling};
use waybill_shared::domain::account::{Role, Scope};
use waybill_shared::domain::lot::Timestamp;

use crate::access::Caller;
use crate::clock::ClockView;
use crate::cron::{Coming, Entry, FireAsked, FireRequest};
use crate::doctor::Diagnosis;
use crate::request::{Asked, Body, Named};
use crate::status::StatusView;
use crate::todo::Move;
use crate::{Api, PlanRequest, Planned, Problem};

/// Whoever asks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Me {
    /// By which name the log calls it.
    actor: String,
    /// As what it acts.
    role: Role,
    /// For whom it acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<String>,
    /// How much of that its token may do.
    scope: Scope,
    /// The networks from which its token may be used; left out: from anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    networks: Vec<IpNet>,
    /// From when on its token no longer holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    expires: Option<Timestamp>,
}

/// Who the caller is.
#[utoipa::path(get, path = "/v1/me", tag = "service", responses((status = 200, body = Me)))]
pub(crate) async fn me(caller: Caller) -> Json<Me> {
    let (actor, role, party) = (caller.actor(), caller.role(), caller.party().map(str::to_owned));
    let (scope, networks, expires) = match caller {
        Caller::Local => Default::default(),
        Caller::Account(account) => (account.scope, account.networks, account.expires),
    };
    Json(Me { actor, role, party, scope, networks, expires })
}

/// The service as it stands: whether it runs, where lots are, what is wrong, what lapses.
#[utoipa::path(get, path = "/v1/status", tag = "service", responses((status = 200, body = StatusView)))]
pub(crate) async fn status(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<StatusView>, Problem> {
    Ok(Json(crate::status::status(&api.engine, caller.role()).await?))
}

/// Whose moves to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TodoQuery {
    /// Only of this party, group or supplier; `secretariat`, `nobody`.
    waiting_on: Option<String>,
}

/// Who must act, since when and on what: what is overdue first, then what waits longest.
#[utoipa::path(
    get, path = "/v1/todo", tag = "service", params(TodoQuery),
    responses((status = 200, body = Vec<Move>))
)]
pub(crate) async fn todo(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<TodoQuery>,
) -> Result<Json<Vec<Move>>, Problem> {
    let sight = caller.sight(&api.engine).await?;
    Ok(Json(crate::todo::todo(&api.engine, &sight, query.waiting_on.as_deref()).await?))
}

/// The roadmap by quarter, and with changes to try, what they change. Commits nothing.
#[utoipa::path(
    post, path = "/v1/plan", tag = "service", request_body = PlanRequest,
    responses((status = 200, body = Planned))
)]
pub(crate) async fn plan(
    State(api): State<Api>,
    Body(request): Body<PlanRequest>,
) -> Result<Json<Planned>, Problem> {
    Ok(Json(crate::plan::plan(&api.engine, request).await?))
}

/// Replays the log and asserts the invariants on what is stored.
#[utoipa::path(get, path = "/v1/check", tag = "service", responses((status = 200, body = Findings)))]
pub(crate) async fn check(State(api): State<Api>) -> Result<Json<Findings>, Problem> {
    let engine = &api.engine;
    Ok(Json(check_telling(&*engine.store, &engine.keys, &|_| ()).await?))
}

/// What time it is for the process that answers, and whether that is believed.
#[utoipa::path(get, path = "/v1/clock", tag = "service", responses((status = 200, body = ClockView)))]
pub(crate) async fn clock(State(api): State<Api>) -> Result<Json<ClockView>, Problem> {
    Ok(Json(crate::clock::look(&api.engine).await?))
}

/// Says that the clock is right, where it was set, or the machine was off for long.
///
/// A clock apart from its database's cannot be accepted: one of the two is wrong.
#[utoipa::path(
    post, path = "/v1/clock/accept", tag = "service", responses((status = 200, body = ClockView))
)]
pub(crate) async fn clock_accept(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<ClockView>, Problem> {
    Ok(Json(crate::clock::accept(&api.engine, &caller.actor()).await?))
}

/// The calendar: what recurs, when it ran last and when it runs next.
#[utoipa::path(get, path = "/v1/cron", tag = "service", responses((status = 200, body = Vec<Entry>)))]
pub(crate) async fn cron(State(api): State<Api>) -> Result<Json<Vec<Entry>>, Problem> {
    Ok(Json(crate::cron::entries(&api.engine).await?))
}

/// How many fires to tell.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NextQuery {
    /// How many at most; left out: 10.
    #[param(minimum = 1, maximum = 1000)]
    count: Option<u32>,
}

/// What the calendar brings next, over all its entries.
#[utoipa::path(
    get, path = "/v1/cron/next", tag = "service", params(NextQuery),
    responses((status = 200, body = Vec<Coming>))
)]
pub(crate) async fn cron_next(
    State(api): State<Api>,
    Asked(query): Asked<NextQuery>,
) -> Result<Json<Vec<Coming>>, Problem> {
    match query.count.unwrap_or(10) {
        count @ 1..=1000 => Ok(Json(crate::cron::coming(&api.engine, count as usize).await?)),
        other => {
            let detail = format!("{other} is not within 1 and 1000");
            Err(Problem::field("count", detail, "ask for fewer"))
        }
    }
}

/// Makes an entry of the calendar due now, once; its times stay as they are.
#[utoipa::path(
    post, path = "/v1/cron/{name}/run", tag = "service",
    params(("name" = String, Path, description = "The entry's name")),
    request_body = FireRequest,
    responses((status = 200, body = FireAsked))
)]
pub(crate) async fn cron_run(
    State(api): State<Api>,
    caller: Caller,
    Named(name): Named,
    Body(request): Body<FireRequest>,
) -> Result<Json<FireAsked>, Problem> {
    Ok(Json(crate::cron::run(&api.engine, &name, &caller.actor(), &request).await?))
}

/// How the service is: each thing that was looked at, what was seen, and the mend.
#[utoipa::path(
    get, path = "/v1/doctor", tag = "service", responses((status = 200, body = Diagnosis))
)]
pub(crate) async fn doctor(State(api): State<Api>) -> Json<Diagnosis> {
    Json(crate::doctor::examine(&api).await)
}
