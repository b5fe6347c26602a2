//! Deletes stored answers to requests with an idempotency key when nobody is expected to repeat the
//! request any more.

use std::time::Duration;

use chrono::TimeDelta;
use waybill_shared::domain::kinds::NoteKind;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::reply::Reply;
use waybill_shared::engine::Engine;
use waybill_shared::store::{ChangeSet, NoteChange, NoteRange, StoreError};

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// How often old answers are looked for.
const LOOK: Duration = Duration::from_secs(3600);

/// How many answers are read together.
const PAGE: i64 = 500;

/// Deletes answers as they become old. Runs until it is dropped.
pub(crate) async fn forget(engine: &Engine) {
    loop {
        if let Err(error) = forget_before(engine, engine.clock.now() - KEPT).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "old answers to requests could not be deleted"
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Deletes answers that were given before `oldest`. Returns how many.
///
/// # Errors
/// [`StoreError`] if the store cannot be read or written.
pub async fn forget_before(engine: &Engine, oldest: Timestamp) -> Result<usize, StoreError> {
    let (mut after, mut forgotten) = (String::new(), 0);
    loop {
        let range = NoteRange { after, before: "\u{7f}".to_owned(), backwards: false, limit: PAGE };
        let page = engine.store.notes(NoteKind::Reply, &range).await?;
        let is_last = (page.len() as i64) < PAGE;
        let Some((last, _)) = page.last() else { return Ok(forgotten) };
        after = last.clone();
        let is_old = |body: &str| {
            serde_json::from_str::<Reply>(body).map_or(true, |reply| reply.at < oldest)
        };
        let mut change_set = ChangeSet::new("scheduler", engine.clock.now());
        for (key, _) in page.into_iter().filter(|(_, body)| is_old(body)) {
            change_set.notes.push(NoteChange { kind: NoteKind::Reply, key, body: None });
        }
        if !change_set.notes.is_empty() {
            forgotten += change_set.notes.len();
            engine.commit(vec![change_set], None).await?;
        }
        if is_last {
            return Ok(forgotten);
        }
    }
}
