//! Stored orders. What was agreed, the status, and the bytes that are sent are separate records, so
//! that a change of status does not write all lines again.

use std::collections::{BTreeMap, BTreeSet};

use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::domain::lot::{Lot, LotState};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::{Order, OrderLine, OrderStatus};
use waybill_shared::domain::order_change::ChangedLot;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::supplier::Charge;
use waybill_shared::engine::Engine;
use waybill_shared::job::JobError;
use waybill_shared::store::body::parse;
use waybill_shared::store::{ChangeSet, RecordChange, StoreError};

use crate::wanted;

#[derive(Debug)]
pub(crate) struct StoredOrder {
    pub(crate) order: Order,
    pub(crate) status: OrderStatus,
    order_version: i64,
    status_version: i64,
}

fn invalid(error: impl std::fmt::Display) -> JobError {
    JobError::Invalid(error.to_string())
}

impl StoredOrder {
    /// The order with this number.
    pub(crate) async fn read(engine: &Engine, number: &str) -> Result<Option<Self>, StoreError> {
        let order = engine.store.record(RecordKind::Order, number).await?;
        let status = engine.store.record(RecordKind::OrderStatus, number).await?;
        let (Some(order), Some(status)) = (order, status) else { return Ok(None) };
        Ok(Some(Self {
            order_version: order.version,
            status_version: status.version,
            order: parse("order", number, &order.body)?,
            status: parse("order_status", number, &status.body)?,
        }))
    }

    /// An order that is not stored yet.
    pub(crate) fn new(order: Order, status: OrderStatus) -> Self {
        Self { order, status, order_version: 0, status_version: 0 }
    }

    /// The version of the record that holds its lines.
    pub(crate) fn version(&self) -> i64 {
        self.order_version
    }

    /// The record change that stores its lines as they are now.
    pub(crate) fn lines(&mut self, event: RecordEvent) -> Result<RecordChange, JobError> {
        let (id, expected) = (self.order.number.clone(), self.order_version);
        self.order_version += 1;
        let body = serde_json::to_string(&self.order).map_err(invalid)?;
        Ok(RecordChange { kind: RecordKind::Order, id, expected, body, event })
    }

    /// The record change that puts the order into `status`.
    pub(crate) fn becomes(
        &mut self,
        status: OrderStatus,
        event: RecordEvent,
    ) -> Result<RecordChange, JobError> {
        self.status = status;
        let (id, expected) = (self.order.number.clone(), self.status_version);
        self.status_version += 1;
        let body = serde_json::to_string(&status).map_err(invalid)?;
        Ok(RecordChange { kind: RecordKind::OrderStatus, id, expected, body, event })
    }
}

/// The record change that stores the exact bytes to send. They are stored once and never change.
pub(crate) fn document(number: &str, bytes: String) -> RecordChange {
    RecordChange {
        kind: RecordKind::OrderDocument,
        id: number.to_owned(),
        expected: 0,
        body: bytes,
        event: RecordEvent::OrderFixed,
    }
}

/// The exact bytes to send.
pub(crate) async fn read_document(engine: &Engine, number: &str) -> Result<String, JobError> {
    let record = engine.store.record(RecordKind::OrderDocument, number).await?;
    let missing = || JobError::Invalid(format!("order `{number}` has no document"));
    Ok(record.ok_or_else(missing)?.body)
}

/// Adds records to `change_set` for the orders that it completes: it closes their last open lots,
/// or takes those off the order.
pub(crate) async fn complete(engine: &Engine, change_set: &mut ChangeSet) -> Result<(), JobError> {
    let mut numbers: BTreeSet<&String> = BTreeSet::new();
    for change in &change_set.lots {
        let Some(number) = change.before.as_ref().and_then(|before| before.order.as_ref()) else {
            continue;
        };
        let is_closed = matches!(change.after.state(), LotState::Closed(_));
        if is_closed || change.after.order.as_ref() != Some(number) {
            numbers.insert(number);
        }
    }
    let mut completed = Vec::new();
    for number in numbers {
        let is_decided =
            |record: &RecordChange| record.kind == RecordKind::OrderStatus && record.id == *number;
        if change_set.records.iter().any(is_decided) {
            continue;
        }
        let Some(mut filed) = StoredOrder::read(engine, number).await? else { continue };
        if filed.status == OrderStatus::Accepted
            && is_complete(engine, change_set, &filed.order).await?
        {
            completed.push(filed.becomes(OrderStatus::Completed, RecordEvent::OrderCompleted)?);
        }
    }
    change_set.records.extend(completed);
    Ok(())
}

/// Whether, after `change_set`, something was delivered under `order` and nothing is under way any
/// more.
async fn is_complete(
    engine: &Engine,
    change_set: &ChangeSet,
    order: &Order,
) -> Result<bool, StoreError> {
    let changed: BTreeMap<LotId, &Lot> =
        change_set.lots.iter().map(|change| (change.after.id, &change.after)).collect();
    let is_under = |lot: &Lot| lot.order.as_deref() == Some(&order.number);
    let is_open = |lot: &Lot| is_under(lot) && !matches!(lot.state(), LotState::Closed(_));
    if changed.values().any(|lot| is_open(lot)) {
        return Ok(false);
    }
    let ids: Vec<i64> = order.lines.iter().map(|line| line.lot.0).collect();
    let own = engine.store.lots_by_id(&ids).await?;
    let is_left = |lot: &Lot| !changed.contains_key(&lot.id) && is_open(lot);
    // Most orders still have other lots under way. Then the parts of lots need not be read.
    if own.iter().any(is_left) {
        return Ok(false);
    }
    let under = engine.store.lots_under(order).await?;
    if under.iter().any(is_left) {
        return Ok(false);
    }
    let is_as_before = |lot: &Lot| !changed.contains_key(&lot.id);
    Ok(changed.values().any(|lot| is_under(lot)) || under.iter().any(is_as_before))
}

/// Adds to `told`, one line of the message to `supplier`, what its goods cost: the price, the
/// quantity that the price is for (`price_base`, unless it is one), the amount, and the charges
/// that the supplier receives.
pub(crate) fn tell_price(told: &mut serde_json::Value, line: &OrderLine, supplier: &str) {
    let price = line.unit_price;
    told["price"] = serde_json::json!(Money::new(price.minor, price.currency));
    let (each, unit) = match (line.whole_packs(), line.packs) {
        (Some(packs), _) => (Quantity(Quantity::ONE), packs.unit),
        (None, Some(packs)) => (packs.each, line.unit),
        (None, None) => (Quantity(Quantity::ONE), line.unit),
    };
    let base = Quantity(each.0.saturating_mul(i64::from(price.per)));
    if base.0 != Quantity::ONE {
        let (quantity, unit) = (base.to_string(), unit.to_string());
        told["price_base"] = serde_json::json!({ "quantity": quantity, "unit_code": unit });
    }
    let goods = Money::new(line.amount.minor - line.charged().minor, line.amount.currency);
    told["line_amount"] = serde_json::json!(goods);
    let due: Vec<&Charge> =
        line.charges.iter().filter(|charge| charge.due_to == supplier).collect();
    if !due.is_empty() {
        let charge =
            |charge: &&Charge| serde_json::json!({ "kind": charge.kind, "amount": charge.amount });
        told["charges"] = due.iter().map(charge).collect();
    }
}

/// A message to a supplier about an order. Like the order, it has its own number, and its exact
/// bytes are fixed before they are sent.
#[derive(Debug)]
pub(crate) struct Message {
    order: String,
    what: &'static str,
    supplier: String,
    content: serde_json::Value,
    event: RecordEvent,
}

impl Message {
    /// A cancellation of `lots`, with the names of a UBL 2.1 OrderCancellation.
    pub(crate) fn cancelled(order: &Order, lots: &[Lot], why: &str) -> Self {
        let lots: Vec<String> = lots.iter().map(|lot| lot.id.to_string()).collect();
        let content = serde_json::json!({ "cancellation_note": why, "lines": lots });
        Self::new(order, "CANCEL", content, RecordEvent::OrderCancellationFixed)
    }

    /// Another consignee for `lot`, with the names of a UBL 2.1 OrderChange.
    pub(crate) fn redirected(order: &Order, lot: &Lot, consignee: &str, why: &str) -> Self {
        let line = serde_json::json!({ "id": lot.id.to_string(), "consignee": consignee });
        let content = serde_json::json!({ "note": why, "lines": [line] });
        Self::new(order, "CHANGE", content, RecordEvent::OrderChangeFixed)
    }

    /// Smaller quantities of some lots, with the names of a UBL 2.1 OrderChange. The supplier has
    /// to agree.
    pub(crate) fn changed(order: &Order, lots: &[ChangedLot], why: &str) -> Self {
        let line = |lot: &ChangedLot| serde_json::json!({ "id": lot.lot.to_string(), "quantity": lot.to.to_string() });
        let lines: Vec<serde_json::Value> = lots.iter().map(line).collect();
        let content = serde_json::json!({ "note": why, "lines": lines });
        Self::new(order, "CHANGE", content, RecordEvent::OrderChangeFixed)
    }

    /// The answer to terms that the supplier changed, with the names of a UBL 2.1 OrderChange: the
    /// price and the delivery day now agreed for each line.
    pub(crate) fn terms(order: &Order, lines: &[OrderLine], note: &str) -> Self {
        let line = |line: &OrderLine| {
            let mut told = serde_json::json!({
                "id": line.lot.to_string(),
                "requested_delivery": line.due,
            });
            tell_price(&mut told, line, &order.supplier);
            told
        };
        let lines: Vec<serde_json::Value> = lines.iter().map(line).collect();
        let content = serde_json::json!({ "note": note, "lines": lines });
        Self::new(order, "CHANGE", content, RecordEvent::OrderChangeFixed)
    }

    /// A cancellation of lots or of parts of them, each with its cancelled quantity.
    pub(crate) fn cancelled_parts(order: &Order, parts: &[(LotId, Quantity)], why: &str) -> Self {
        let lots: Vec<String> = parts.iter().map(|(lot, _)| lot.to_string()).collect();
        let part = |(lot, by): &(LotId, Quantity)| serde_json::json!({ "id": lot.to_string(), "cancelled": by.to_string() });
        let parts: Vec<serde_json::Value> = parts.iter().map(part).collect();
        let content =
            serde_json::json!({ "cancellation_note": why, "lines": lots, "quantities": parts });
        Self::new(order, "CANCEL", content, RecordEvent::OrderCancellationFixed)
    }

    fn new(
        order: &Order,
        what: &'static str,
        content: serde_json::Value,
        event: RecordEvent,
    ) -> Self {
        let (order, supplier) = (order.number.clone(), order.supplier.clone());
        Self { order, what, supplier, content, event }
    }

    /// Gives the message a number, fixes its bytes and adds the job that sends it, all in
    /// `change_set`. Returns the number.
    pub(crate) async fn file(
        mut self,
        engine: &Engine,
        change_set: &mut ChangeSet,
    ) -> Result<String, StoreError> {
        let prefix = format!("{}-{}-", self.order, self.what);
        let earlier = engine.store.records_of(RecordKind::OrderMessage, &prefix).await?;
        let number = format!("{prefix}{}", earlier.len() + 1);
        self.content["id"] = number.clone().into();
        self.content["order_reference"] = self.order.into();
        self.content["seller"] = self.supplier.clone().into();
        change_set.records.push(RecordChange {
            kind: RecordKind::OrderMessage,
            id: number.clone(),
            expected: 0,
            body: self.content.to_string(),
            event: self.event,
        });
        change_set.jobs.push(wanted::tell(number.clone(), self.supplier, change_set.at));
        Ok(number)
    }
}
