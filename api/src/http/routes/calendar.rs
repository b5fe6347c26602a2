//! The calendar: as it stands, what it brings next, and fires that somebody asks for.

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

/// Asks for a fire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = FireRequest)]
pub struct FireRequest {
    /// Why; kept with the fire.
    #[schema(max_length = 1000)]
    pub reason: String,
}

/// What became of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FireAsked)]
pub struct FireAsked {
    /// The entry's name.
    pub name: String,
    /// The fire.
    pub asked: AskedFor,
    /// Whether it was asked for now; else it was before, and nothing has changed.
    pub is_new: bool,
}

/// The calendar: what recurs, when it ran last and when it runs next.
#[utoipa::path(get, path = "/v1/cron", tag = "service", responses((status = 200, body = Vec<Entry>)))]
pub(crate) async fn cron(State(api): State<Api>) -> Result<Json<Vec<Entry>>, Problem> {
    Ok(Json(entries(&api.engine).await?))
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
    Params(query): Params<NextQuery>,
) -> Result<Json<Vec<Coming>>, Problem> {
    match query.count.unwrap_or(10) {
        count @ 1..=1000 => Ok(Json(coming(&api.engine, count as usize).await?)),
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
