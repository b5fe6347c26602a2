//! Lots: where each one is, why, and its history.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use waybill_shared::views::{LotPage, LotView};

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::request::{Named, Params};
use crate::http::state::Api;
use crate::http::versions::versioned;
use crate::queries::lots::list::{LotsQuery, page};
use crate::queries::lots::timeline::{Entry, of_lot};
use crate::queries::lots::why::{Why, why};

/// Lots, in order of their ids unless another order is requested.
#[utoipa::path(
    get, path = "/v1/lots", tag = "lots", params(LotsQuery),
    responses((status = 200, body = LotPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<LotsQuery>,
) -> Result<Json<LotPage>, Problem> {
    let visibility = caller.visibility(&api.engine).await?;
    Ok(Json(page(&api.engine, visibility, &query).await?))
}

/// One lot.
#[utoipa::path(
    get, path = "/v1/lots/{id}", tag = "lots", params(("id" = String, Path, description = "The lot's id")),
    responses((status = 200, body = LotView, headers(("ETag" = String))))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let mut visibility = caller.visibility(&api.engine).await?;
    let (lot, line) = caller.lot(&api.engine, &mut visibility, &id).await?;
    Ok(versioned(lot.version, LotView::seen(&lot, &line, &visibility)))
}

/// Everything that happened to a lot, oldest first.
#[utoipa::path(
    get, path = "/v1/lots/{id}/timeline", tag = "lots", params(("id" = String, Path, description = "The lot's id")),
    responses((status = 200, body = Vec<Entry>))
)]
pub(crate) async fn timeline(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<Vec<Entry>>, Problem> {
    let mut visibility = caller.visibility(&api.engine).await?;
    let (lot, line) = caller.lot(&api.engine, &mut visibility, &id).await?;
    Ok(Json(of_lot(&api.engine, &lot, &line, &mut visibility).await?))
}

/// Why a lot has its money, or how much it lacks and from whom, to the cent.
#[utoipa::path(
    get, path = "/v1/lots/{id}/why", tag = "lots", params(("id" = String, Path, description = "The lot's id")),
    responses((status = 200, body = Why))
)]
pub(crate) async fn explain(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<Why>, Problem> {
    let mut visibility = caller.visibility(&api.engine).await?;
    let (lot, line) = caller.lot(&api.engine, &mut visibility, &id).await?;
    let why = why(&api.engine, &lot, &line).await?;
    Ok(Json(why.seen(&lot, &visibility)))
}
