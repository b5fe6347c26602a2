//! Makes the jobs that deliver to webhooks due whenever events got positions.

use std::time::Duration;

use waybill_shared::domain::kinds::{JobKind, RecordKind};
use waybill_shared::domain::webhook::Endpoint;
use waybill_shared::engine::Engine;
use waybill_shared::store::{ChangeSet, NewJob, StoreError};

/// How often the log is checked for new events.
const LOOK: Duration = Duration::from_millis(100);

/// Asks for deliveries whenever the log has grown. Runs until it is dropped.
pub(crate) async fn wake(engine: &Engine) {
    let mut seen = None;
    loop {
        match look(engine, seen).await {
            Ok(position) => seen = position,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "webhooks could not be woken"
                );
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Makes every endpoint's job due if the last position differs from `seen`, and returns that
/// position. Returns `None` if an endpoint is paused, so that it is tried again next time.
async fn look(engine: &Engine, seen: Option<i64>) -> Result<Option<i64>, StoreError> {
    let position = engine.store.last_position().await?;
    if seen == Some(position) {
        return Ok(seen);
    }
    let mut is_paused = false;
    let now = engine.clock.now();
    let mut change_set = ChangeSet::new("scheduler", now);
    for record in engine.store.records(RecordKind::Webhook).await? {
        let endpoint: Endpoint = serde_json::from_str(&record.body)
            .map_err(|source| StoreError::Corrupt { subject: record.id.clone(), source })?;
        if endpoint.disabled.is_some() {
            continue;
        }
        if engine.pauses.stop_for(JobKind::Webhook.name(), &record.id) {
            is_paused = true;
            continue;
        }
        let (kind, key, body) = (JobKind::Webhook, record.id, String::new());
        change_set.jobs.push(NewJob { kind, key, due: now, body });
    }
    if !change_set.jobs.is_empty() {
        engine.commit(vec![change_set], None).await?;
    }
    Ok(Some(position).filter(|_| !is_paused))
}
