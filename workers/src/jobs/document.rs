//! The job that takes documents. Each counts once, by sender and number, and is stored together
//! with what it changes.

use std::sync::Arc;

use async_trait::async_trait;
use waybill_shared::domain::document::Document;
use waybill_shared::domain::kinds::JobKind;
use waybill_shared::engine::Engine;
use waybill_shared::job::{Done, JobError, JobHandler};
use waybill_shared::store::Job;

use crate::connectors::Connector;
use crate::documents::settle;

pub struct TakeDocument {
    connector: Arc<dyn Connector>,
}

impl TakeDocument {
    /// A job handler that asks follow-up questions through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

#[async_trait]
impl JobHandler for TakeDocument {
    fn kind(&self) -> JobKind {
        JobKind::Document
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError> {
        let document: Document = serde_json::from_str(&job.body)
            .map_err(|error| JobError::Invalid(format!("document {}: {error}", job.key)))?;
        Ok(settle(engine, &self.connector, &document).await?.into())
    }
}
