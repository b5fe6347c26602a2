//! Sending an order. The bytes were fixed before, so sending them twice is the same order.

use std::sync::Arc;

use async_trait::async_trait;
use waybill_shared::domain::kinds::{JobKind, RecordEvent};
use waybill_shared::domain::limit::Limit;
use waybill_shared::domain::order::OrderStatus;
use waybill_shared::engine::Engine;
use waybill_shared::job::{Done, JobError, JobHandler};
use waybill_shared::store::{ChangeSet, Job};

use crate::connectors::Connector;
use crate::orders::{StoredOrder, read_document};

/// The act.
pub struct Send {
    connector: Arc<dyn Connector>,
}

impl Send {
    /// A job handler that sends through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

#[async_trait]
impl JobHandler for Send {
    fn kind(&self) -> JobKind {
        JobKind::Send
    }

    fn limit(&self, engine: &Engine) -> Option<Limit> {
        engine.pipeline().issue_order.limit
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError> {
        if engine.pauses.stop_for("supplier", &job.body) {
            return Ok(Done::paused(engine));
        }
        let mut change_set = ChangeSet::new(JobKind::Send.name(), engine.clock.now());
        let Some(mut filed) = StoredOrder::read(engine, &job.key).await? else {
            return Err(JobError::Invalid(format!("there is no order `{}`", job.key)));
        };
        if filed.status != OrderStatus::Issued {
            return Ok(change_set.into());
        }
        let bytes = read_document(engine, &job.key).await?;
        let ids: Vec<i64> = filed.order.lines.iter().map(|line| line.lot.0).collect();
        let lots = engine.store.lots_by_id(&ids).await?;
        let now = engine.clock.now();
        change_set.jobs = self.connector.send(&filed.order, &lots, &bytes, now).await?;
        change_set.records.push(filed.becomes(OrderStatus::Sent, RecordEvent::OrderSent)?);
        Ok(change_set.into())
    }
}
