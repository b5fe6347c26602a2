//! Orders, and the bytes that were sent.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use waybill_shared::domain::ids::LineId;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::views::{LotView, OrderPage, OrderView};

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::request::{Named, Params};
use crate::http::state::Api;
use crate::http::versions::versioned;
use crate::queries::orders::list::{OrdersQuery, page, see};

/// Orders, in order of their numbers.
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders", params(OrdersQuery),
    responses((status = 200, body = OrderPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<OrdersQuery>,
) -> Result<Json<OrderPage>, Problem> {
    let visibility = caller.visibility(&api.engine).await?;
    Ok(Json(page(&api.engine, visibility, &query).await?))
}

pub(super) async fn find(api: &Api, caller: &Caller, number: &str) -> Result<OrderView, Problem> {
    let unknown = || Problem::unknown("order", number);
    let record = api.engine.store.record(RecordKind::Order, number).await?.ok_or_else(unknown)?;
    let mut visibility = caller.visibility(&api.engine).await?;
    see(&api.engine, &mut visibility, &record).await?.ok_or_else(unknown)
}

/// One order.
#[utoipa::path(
    get, path = "/v1/orders/{number}", tag = "orders",
    params(("number" = String, Path, description = "The order's number")),
    responses((status = 200, body = OrderView, headers(("ETag" = String))))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named,
) -> Result<Response, Problem> {
    let view = find(&api, &caller, &number).await?;
    Ok(versioned(view.version, view))
}

/// The lots that are now under an order, including those split off its lines.
#[utoipa::path(
    get, path = "/v1/orders/{number}/lots", tag = "orders",
    params(("number" = String, Path, description = "The order's number")),
    responses((status = 200, body = Vec<LotView>))
)]
pub(crate) async fn lots(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named,
) -> Result<Json<Vec<LotView>>, Problem> {
    let view = find(&api, &caller, &number).await?;
    let lines: BTreeSet<LineId> = view.lines.iter().map(|line| line.lot.line()).collect();
    let mut visibility = caller.visibility(&api.engine).await?;
    let mut lots = api.engine.store.lots_of_lines(&Vec::from_iter(lines)).await?;
    lots.retain(|lot| lot.order.as_deref() == Some(&number));
    let seen = visibility.lots(lots).await?;
    Ok(Json(seen.iter().map(|(lot, line)| LotView::seen(lot, line, &visibility)).collect()))
}

/// The exact bytes of an order, as sent to the supplier.
#[utoipa::path(
    get, path = "/v1/orders/{number}/document", tag = "orders",
    params(("number" = String, Path, description = "The order's number")),
    responses((status = 200, body = Object, content_type = "application/json"))
)]
pub(crate) async fn document(
    State(api): State<Api>,
    caller: Caller,
    Named(number): Named,
) -> Result<Response, Problem> {
    find(&api, &caller, &number).await?;
    let record = api.engine.store.record(RecordKind::OrderDocument, &number).await?;
    let missing = || Problem::unknown("document of order", &number);
    let bytes = record.ok_or_else(missing)?.body;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}
