//! Orders, and the bytes that were sent.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use waybill_shared::domain::ids::LineId;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::order::{Order, OrderStatus};
use waybill_shared::engine::Engine;
use waybill_shared::sight::Sight;
use waybill_shared::store::{Record, StoreError};
use waybill_shared::views::{LotView, OrderPage, OrderView};

use super::versioned;
use crate::access::Caller;
use crate::page::{after, cursor, limit};
use crate::request::{Asked, Named};
use crate::{Api, Problem};

/// Orders read from the store at once.
const READ: i64 = 200;

/// Orders looked at for one page at most, of which few may be the caller's.
const LOOKED_AT: usize = 5000;

/// Which orders to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrdersQuery {
    /// Only to this supplier.
    supplier: Option<String>,
    /// Only those that have come so far.
    status: Option<OrderStatus>,
    /// The cursor that a page before gave as `next`.
    cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// Orders, in order of their numbers.
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders", params(OrdersQuery),
    responses((status = 200, body = OrderPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<OrdersQuery>,
) -> Result<Json<OrderPage>, Problem> {
    let limit = limit(query.limit)?;
    let mut last = after("orders", query.cursor.as_deref())?.unwrap_or_default();
    let mut sight = caller.sight(&api.engine).await?;
    let (mut items, mut looked_at): (Vec<OrderView>, usize) = (Vec::new(), 0);
    loop {
        let records = api.engine.store.records_from(RecordKind::Order, &last, READ).await?;
        let is_last = (records.len() as i64) < READ;
        looked_at += records.len();
        for record in records {
            last.clone_from(&record.id);
            let Some(view) = see(&api.engine, &mut sight, &record).await? else { continue };
            let is_asked = query.supplier.as_ref().is_none_or(|s| view.supplier == *s)
                && query.status.is_none_or(|status| view.status == status);
            if !is_asked {
                continue;
            }
            if items.len() == limit {
                let next = items.last().map(|view| cursor("orders", &view.number));
                return Ok(Json(OrderPage { items, next }));
            }
            items.push(view);
        }
        if is_last || looked_at >= LOOKED_AT {
            let next = Some(cursor("orders", &last)).filter(|_| !is_last);
            return Ok(Json(OrderPage { items, next }));
        }
    }
}

/// The view of an order, if the caller sees it.
async fn see(
    engine: &Engine,
    sight: &mut Sight,
    record: &Record,
) -> Result<Option<OrderView>, StoreError> {
    let corrupt = |source| StoreError::Corrupt { subject: format!("order:{}", record.id), source };
    let order: Order = serde_json::from_str(&record.body).map_err(corrupt)?;
    let lots = if sight.is_whole() || sight.looks_at_orders() {
        Vec::new()
    } else {
        let ids: Vec<i64> = order.lines.iter().map(|line| line.lot.0).collect();
        sight.lots(engine.store.lots_by_id(&ids).await?).await?
    };
    if !sight.order(&order, &lots) {
        return Ok(None);
    }
    let status = engine.store.record(RecordKind::OrderStatus, &record.id).await?;
    let (status, raised) = match status {
        Some(status) => (serde_json::from_str(&status.body).map_err(corrupt)?, status.version),
        None => (OrderStatus::Issued, 0),
    };
    Ok(Some(OrderView::of(&order, status, record.version + raised, sight, &lots)))
}

pub(super) async fn find(api: &Api, caller: &Caller, number: &str) -> Result<OrderView, Problem> {
    let unknown = || Problem::unknown("order", number);
    let record = api.engine.store.record(RecordKind::Order, number).await?.ok_or_else(unknown)?;
    let mut sight = caller.sight(&api.engine).await?;
    see(&api.engine, &mut sight, &record).await?.ok_or_else(unknown)
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

/// The lots that travel under an order now, those split off its lines included.
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
    let mut sight = caller.sight(&api.engine).await?;
    let mut lots = api.engine.store.lots_of_lines(&Vec::from_iter(lines)).await?;
    lots.retain(|lot| lot.order.as_deref() == Some(&number));
    let seen = sight.lots(lots).await?;
    Ok(Json(seen.iter().map(|(lot, line)| LotView::seen(lot, line, &sight)).collect()))
}

/// The exact bytes of an order as they are sent.
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
