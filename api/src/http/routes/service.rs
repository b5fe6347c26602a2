//! The service as a whole.

use axum::Json;
use axum::extract::State;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waybill_shared::check::{Findings, check_telling};
use waybill_shared::domain::account::{Role, Scope};
use waybill_shared::domain::lot::Timestamp;

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::request::{Body, Params};
use crate::http::state::Api;
use crate::queries::doctor::{Diagnosis, examine};
use crate::queries::money::plan::{self, PlanRequest, Planned};
use crate::queries::service::status::{self, StatusView};
use crate::queries::todo::{self, Move};

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
    Ok(Json(status::status(&api.engine, caller.role()).await?))
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
    Params(query): Params<TodoQuery>,
) -> Result<Json<Vec<Move>>, Problem> {
    let visibility = caller.visibility(&api.engine).await?;
    Ok(Json(todo::todo(&api.engine, &visibility, query.waiting_on.as_deref()).await?))
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
    Ok(Json(plan::plan(&api.engine, request).await?))
}

/// Replays the log and asserts the invariants on what is stored.
#[utoipa::path(get, path = "/v1/check", tag = "service", responses((status = 200, body = Findings)))]
pub(crate) async fn check(State(api): State<Api>) -> Result<Json<Findings>, Problem> {
    let engine = &api.engine;
    Ok(Json(check_telling(&*engine.store, &engine.keys, &|_| ()).await?))
}

/// How the service is: each thing that was looked at, what was seen, and the mend.
#[utoipa::path(
    get, path = "/v1/doctor", tag = "service", responses((status = 200, body = Diagnosis))
)]
pub(crate) async fn doctor(State(api): State<Api>) -> Json<Diagnosis> {
    Json(examine(&api.engine, &api.folder).await)
}
