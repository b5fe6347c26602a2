//! Telling a supplier of a change or a cancellation: the bytes were fixed before; the same number again
//! is the same message.

use std::sync::Arc;

use async_trait::async_trait;
use waybill_shared::act::{Act, ActError, Done};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::store::{Job, NewJob, Unit};

use crate::connectors::Connector;
use crate::orders::MESSAGE;

/// The kind of job.
pub const KIND: &str = "tell";

/// The job that sends the message `number`.
#[must_use]
pub fn wanted(number: String, supplier: String, due: Timestamp) -> NewJob {
    NewJob { kind: KIND, key: number, due, body: supplier }
}

/// The act.
pub struct Tell {
    connector: Arc<dyn Connector>,
}

impl Tell {
    /// The act, telling through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

#[async_trait]
impl Act for Tell {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, ActError> {
        let record = engine.store.record(MESSAGE, &job.key).await?;
        let missing = || ActError::Invalid(format!("there is no message `{}`", job.key));
        let bytes = record.ok_or_else(missing)?.body;
        self.connector.tell(&job.key, &bytes).await?;
        Ok(Unit::new(KIND, engine.clock.now()).into())
    }
}
