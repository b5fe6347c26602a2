//! The listing of orders, page by page.

use serde::Deserialize;
use utoipa::IntoParams;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::order::{Order, OrderStatus};
use waybill_shared::engine::Engine;
use waybill_shared::store::{Record, StoreError};
use waybill_shared::views::{OrderPage, OrderView};
use waybill_shared::visibility::Visibility;

use crate::queries::cursor::{after, cursor, limit};
use crate::queries::error::QueryError;

/// The number of orders read at once.
const READ: i64 = 200;

/// The largest number of orders read for one page. The caller may see only few of them.
const LOOKED_AT: usize = 5000;

/// Which orders to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrdersQuery {
    /// Only orders to this supplier.
    supplier: Option<String>,
    /// Only orders with this status.
    status: Option<OrderStatus>,
    /// The `next` cursor of the previous page.
    cursor: Option<String>,
    /// The largest number of orders to return.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// A page of the orders that the caller may see.
pub(crate) async fn page(
    engine: &Engine,
    mut visibility: Visibility,
    query: &OrdersQuery,
) -> Result<OrderPage, QueryError> {
    let limit = limit(query.limit)?;
    let mut last = after("orders", query.cursor.as_deref())?.unwrap_or_default();
    let (mut items, mut looked_at): (Vec<OrderView>, usize) = (Vec::new(), 0);
    loop {
        let records = engine.store.records_from(RecordKind::Order, &last, READ).await?;
        let is_last = (records.len() as i64) < READ;
        looked_at += records.len();
        for record in records {
            last.clone_from(&record.id);
            let Some(view) = see(engine, &mut visibility, &record).await? else { continue };
            let is_asked = query.supplier.as_ref().is_none_or(|s| view.supplier == *s)
                && query.status.is_none_or(|status| view.status == status);
            if !is_asked {
                continue;
            }
            if items.len() == limit {
                let next = items.last().map(|view| cursor("orders", &view.number));
                return Ok(OrderPage { items, next });
            }
            items.push(view);
        }
        if is_last || looked_at >= LOOKED_AT {
            let next = Some(cursor("orders", &last)).filter(|_| !is_last);
            return Ok(OrderPage { items, next });
        }
    }
}

/// The view of an order, if the caller may see it.
pub(crate) async fn see(
    engine: &Engine,
    visibility: &mut Visibility,
    record: &Record,
) -> Result<Option<OrderView>, StoreError> {
    let corrupt = |source| StoreError::Corrupt { subject: format!("order:{}", record.id), source };
    let order: Order = serde_json::from_str(&record.body).map_err(corrupt)?;
    let lots = if visibility.is_whole() || visibility.looks_at_orders() {
        Vec::new()
    } else {
        let ids: Vec<i64> = order.lines.iter().map(|line| line.lot.0).collect();
        visibility.lots(engine.store.lots_by_id(&ids).await?).await?
    };
    if !visibility.order(&order, &lots) {
        return Ok(None);
    }
    let status = engine.store.record(RecordKind::OrderStatus, &record.id).await?;
    let (status, raised) = match status {
        Some(status) => (serde_json::from_str(&status.body).map_err(corrupt)?, status.version),
        None => (OrderStatus::Issued, 0),
    };
    Ok(Some(OrderView::of(&order, status, record.version + raised, visibility, &lots)))
}
