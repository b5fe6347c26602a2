//! Taking documents: each once, by sender and number, together with what it changes.

use std::sync::Arc;

use async_trait::async_trait;
use waybill_shared::act::{Act, ActError, Done};
use waybill_shared::domain::document::Document;
use waybill_shared::engine::Engine;
use waybill_shared::store::{Job, RecordChange, Unit};

use crate::connectors::Connector;
use crate::documents::{Refusal, unit};

/// The kind of job.
pub const KIND: &str = "document";

/// The act.
pub struct TakeDocument {
    connector: Arc<dyn Connector>,
}

impl TakeDocument {
    /// The act, asking what follows through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

#[async_trait]
impl Act for TakeDocument {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, ActError> {
        let document: Document = serde_json::from_str(&job.body)
            .map_err(|error| ActError::Invalid(format!("document {}: {error}", job.key)))?;
        let Document { sender, number, .. } = &document;
        let unit = match unit(engine, &self.connector, &document).await {
            Ok(unit) => unit.unwrap_or_else(|| Unit::new(sender, engine.clock.now())),
            // It may be about something else, but what was taken under its number stands.
            Err(Refusal::OtherOfThatNumber { .. }) => Unit::new(sender, engine.clock.now()),
            Err(Refusal::Failed(error)) => return Err(error),
            Err(refusal) => {
                tracing::warn!(sender, number, %refusal, "a document changes nothing");
                // Its number is not used up: it may come again when it applies.
                let mut unit = Unit::new(sender, engine.clock.now());
                let id = document.key();
                let found = engine.store.record("refused_document", &id).await?;
                unit.records.push(RecordChange {
                    kind: "refused_document",
                    id,
                    expected: found.map_or(0, |found| found.version),
                    body: serde_json::json!({ "why": refusal.to_string() }).to_string(),
                    event: "document.refused",
                });
                return Ok(unit.into());
            }
        };
        Ok(unit.into())
    }
}
