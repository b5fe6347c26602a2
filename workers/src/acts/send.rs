//! Sending an order: the bytes were fixed before; sending them twice is the same order.

use std::sync::Arc;

use async_trait::async_trait;
use waybill_shared::act::{Act, ActError, Done};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::order::{Order, OrderStatus};
use waybill_shared::engine::Engine;
use waybill_shared::store::{Job, NewJob, StoreError, Unit};

use super::gather::put;
use crate::connectors::Connector;

/// The kind of job.
pub const KIND: &str = "send";

/// The job that sends `order`.
#[must_use]
pub fn wanted(order: &str, due: Timestamp) -> NewJob {
    NewJob { kind: KIND, key: order.to_owned(), due, body: String::new() }
}

/// The act.
pub struct Send {
    connector: Arc<dyn Connector>,
}

impl Send {
    /// The act, sending through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

/// An order with its record's version.
pub(crate) async fn read_order(
    engine: &Engine,
    number: &str,
) -> Result<Option<(i64, Order)>, StoreError> {
    let Some(record) = engine.store.record("order", number).await? else { return Ok(None) };
    let order = serde_json::from_str(&record.body)
        .map_err(|source| StoreError::Corrupt { subject: format!("order:{number}"), source })?;
    Ok(Some((record.version, order)))
}

#[async_trait]
impl Act for Send {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, ActError> {
        let unit = Unit::new(KIND, engine.clock.now());
        let Some((version, mut order)) = read_order(engine, &job.key).await? else {
            return Err(ActError::Invalid(format!("there is no order `{}`", job.key)));
        };
        if order.status != OrderStatus::Issued {
            return Ok(unit.into());
        }
        let answers = self.connector.send(&order, engine.clock.now()).await?;
        let mut unit = Unit::new(KIND, engine.clock.now());
        order.status = OrderStatus::Sent;
        unit.records.push(put(&order, version, "order.sent")?);
        unit.jobs.extend(answers);
        Ok(unit.into())
    }
}
