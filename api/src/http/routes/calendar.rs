//! The calendar: its entries, its next runs, and runs that somebody requests.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waybill_scheduler::calendar::{Asked as AskedFor, ask};
use waybill_shared::engine::Engine;

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::{Body, Named, Params};
use crate::http::state::Api;
use crate::queries::service::calendar::{Coming, Entry, coming, entries};

/// A request to run a calendar entry now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = FireRequest)]
pub struct FireRequest {
    /// The reason, which is stored with the run.
    #[schema(max_length = 1000)]
    pub reason: String,
}

/// The requested run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FireAsked)]
pub struct FireAsked {
    /// The entry's name.
    pub name: String,
    /// The run.
    pub asked: AskedFor,
    /// Whether this request created the run. If false, somebody had requested it before, and nothing has changed.
    pub is_new: bool,
}

/// The calendar: what recurs, when it last ran and when it runs next.
#[utoipa::path(get, path = "/v1/cron", tag = "service", responses((status = 200, body = Vec<Entry>)))]
pub(crate) async fn cron(State(api): State<Api>) -> Result<Json<Vec<Entry>>, Problem> {
    Ok(Json(entries(&api.engine).await?))
}

/// The number of runs to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NextQuery {
    /// The largest number of runs. Default: 10.
    #[param(minimum = 1, maximum = 1000)]
    count: Option<u32>,
}

/// The next runs of all calendar entries.
#[utoipa::path(
    get, path = "/v1/cron/next", tag = "service", params(NextQuery),
    responses((status = 200, body = Vec<Coming>))
)]
pub(crate) async fn cron_next(
    State(api): State<Api>,
    Params(query): Params<NextQuery>,
) -> Result<Json<Vec<Coming>>, Problem> {
    match query.count.unwrap_or(10) {
        count @ 1..=1000 => Ok(Json(coming(&api.engine, count as usize).await?)),
        other => {
            let detail = format!("{other} is not between 1 and 1000");
            Err(Problem::field("count", detail, "ask for fewer"))
        }
    }
}

/// Makes a calendar entry due now, once. Its regular times do not change.
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
    Ok(Json(run(&api.engine, &name, &caller.actor(), &request).await?))
}

/// Makes the entry `name` due now.
async fn run(
    engine: &Engine,
    name: &str,
    by: &str,
    request: &FireRequest,
) -> Result<FireAsked, Problem> {
    let entries = engine.calendar().await?;
    if entries.iter().all(|entry| entry.name != name) {
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let hint = format!("there are: {}", names.join(", "));
        return Err(Problem::new(
            ProblemKind::NotFound,
            format!("no calendar entry `{name}`"),
            &hint,
        ));
    }
    if request.reason.chars().count() > 1000 {
        let detail = "it is longer than 1000 characters";
        return Err(Problem::field("reason", detail, "shorten it"));
    }
    let (asked, is_new) = ask(engine, name, by, request.reason.trim()).await?;
    Ok(FireAsked { name: name.to_owned(), asked, is_new })
}
