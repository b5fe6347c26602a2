//! Orders as they are filed: what was agreed, how far it has come, and the bytes that are sent,
//! each a record of its own, so that a change of status does not write all lines again.

use waybill_shared::act::ActError;
use waybill_shared::domain::order::{Order, OrderStatus};
use waybill_shared::engine::Engine;
use waybill_shared::store::{RecordChange, StoreError};

/// An order with its status and the versions of its records.
#[derive(Debug)]
pub(crate) struct Filed {
    pub(crate) order: Order,
    pub(crate) status: OrderStatus,
    order_version: i64,
    status_version: i64,
}

fn invalid(error: impl std::fmt::Display) -> ActError {
    ActError::Invalid(error.to_string())
}

fn parse<T: serde::de::DeserializeOwned>(
    kind: &str,
    id: &str,
    body: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(body)
        .map_err(|source| StoreError::Corrupt { subject: format!("{kind}:{id}"), source })
}

impl Filed {
    /// The order of this number.
    pub(crate) async fn read(engine: &Engine, number: &str) -> Result<Option<Self>, StoreError> {
        let order = engine.store.record("order", number).await?;
        let status = engine.store.record("order_status", number).await?;
        let (Some(order), Some(status)) = (order, status) else { return Ok(None) };
        Ok(Some(Self {
            order_version: order.version,
            status_version: status.version,
            order: parse("order", number, &order.body)?,
            status: parse("order_status", number, &status.body)?,
        }))
    }

    /// An order that was not there.
    pub(crate) fn new(order: Order, status: OrderStatus) -> Self {
        Self { order, status, order_version: 0, status_version: 0 }
    }

    /// Files its lines as they are now.
    pub(crate) fn lines(&mut self, event: &'static str) -> Result<RecordChange, ActError> {
        let (id, expected) = (self.order.number.clone(), self.order_version);
        self.order_version += 1;
        let body = serde_json::to_string(&self.order).map_err(invalid)?;
        Ok(RecordChange { kind: "order", id, expected, body, event })
    }

    /// Files how far it has come.
    pub(crate) fn becomes(
        &mut self,
        status: OrderStatus,
        event: &'static str,
    ) -> Result<RecordChange, ActError> {
        self.status = status;
        let (id, expected) = (self.order.number.clone(), self.status_version);
        self.status_version += 1;
        let body = serde_json::to_string(&status).map_err(invalid)?;
        Ok(RecordChange { kind: "order_status", id, expected, body, event })
    }
}

/// Files the exact bytes to be sent, once.
pub(crate) fn document(number: &str, bytes: String) -> RecordChange {
    RecordChange {
        kind: "order_document",
        id: number.to_owned(),
        expected: 0,
        body: bytes,
        event: "order.fixed",
    }
}

/// The exact bytes to be sent.
pub(crate) async fn read_document(engine: &Engine, number: &str) -> Result<String, ActError> {
    let record = engine.store.record("order_document", number).await?;
    let missing = || ActError::Invalid(format!("order `{number}` has no document"));
    Ok(record.ok_or_else(missing)?.body)
}
