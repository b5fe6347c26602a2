//! Sending a change or a cancellation of an order to its supplier. The bytes were fixed before;
//! sending the same number again is the same message.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde::Deserialize;
use waybill_shared::domain::kinds::{JobKind, RecordKind};
use waybill_shared::domain::order::OrderStatus;
use waybill_shared::engine::Engine;
use waybill_shared::job::{Done, JobError, JobHandler};
use waybill_shared::store::{ChangeSet, Job};

use crate::connectors::Connector;
use crate::orders::StoredOrder;

/// What of a message says which order it is about.
#[derive(Deserialize)]
struct About {
    order_reference: String,
}

pub struct Tell {
    connector: Arc<dyn Connector>,
}

impl Tell {
    /// A job handler that sends through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

#[async_trait]
impl JobHandler for Tell {
    fn kind(&self) -> JobKind {
        JobKind::Tell
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError> {
        if engine.pauses.stop_for("supplier", &job.body) {
            return Ok(Done::paused(engine));
        }
        let record = engine.store.record(RecordKind::OrderMessage, &job.key).await?;
        let missing = || JobError::Invalid(format!("there is no message `{}`", job.key));
        let bytes = record.ok_or_else(missing)?.body;
        // The supplier must have the order before it gets a message about it.
        let about: About =
            serde_json::from_str(&bytes).map_err(|error| JobError::Invalid(error.to_string()))?;
        let order = StoredOrder::read(engine, &about.order_reference).await?;
        if order.is_some_and(|order| order.status == OrderStatus::Issued) {
            let again = Some(engine.clock.now() + TimeDelta::minutes(1));
            return Ok(Done { change_sets: Vec::new(), again });
        }
        self.connector.tell(&job.key, &bytes).await?;
        Ok(ChangeSet::new(JobKind::Tell.name(), engine.clock.now()).into())
    }
}
