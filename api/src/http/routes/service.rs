//! The service as a whole: its status, the caller's account, open tasks, plan, check and diagnosis.

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

/// The caller.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Me {
    /// The caller's name in the log.
    actor: String,
    /// The role that the caller acts in.
    role: Role,
    /// The party that the caller acts for.
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<String>,
    /// How much of what the role allows the token may do.
    scope: Scope,
    /// The networks from which the token may be used. If it is left out, any network is allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    networks: Vec<IpNet>,
    /// When the token stops being valid.
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

/// The state of the service: whether it runs, where lots are, what is wrong, what lapses.
#[utoipa::path(get, path = "/v1/status", tag = "service", responses((status = 200, body = StatusView)))]
pub(crate) async fn status(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<StatusView>, Problem> {
    Ok(Json(status::status(&api.engine, caller.role()).await?))
}

/// Whose tasks to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TodoQuery {
    /// Only tasks of this party, group or supplier, or of `secretariat` or `nobody`.
    waiting_on: Option<String>,
}

/// Who must act, since when and on what. Overdue tasks come first, then those that wait longest.
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

/// The roadmap by quarter. If the request has changes to try, also their effect. Commits nothing.
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

/// Replays the log and checks the invariants on the stored data.
#[utoipa::path(get, path = "/v1/check", tag = "service", responses((status = 200, body = Findings)))]
pub(crate) async fn check(State(api): State<Api>) -> Result<Json<Findings>, Problem> {
    let engine = &api.engine;
    Ok(Json(check_telling(&*engine.store, &engine.keys, &|_| ()).await?))
}

/// The health of the service: each check, what it found, and how to fix it.
#[utoipa::path(
    get, path = "/v1/doctor", tag = "service", responses((status = 200, body = Diagnosis))
)]
pub(crate) async fn doctor(State(api): State<Api>) -> Json<Diagnosis> {
    Json(examine(&api.engine, &api.folder).await)
}
