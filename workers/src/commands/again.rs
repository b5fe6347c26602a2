//! Recognizes repeated commands, so that a command sent twice takes effect once.

use waybill_shared::store::StoreError;
use waybill_shared::store::chain::archived;

use super::Context;

impl Context<'_> {
    /// The last change of `kind` that this person made to `subject`: the subject's content before
    /// and after it.
    pub(super) async fn last<T: serde::de::DeserializeOwned>(
        &self,
        subject: &str,
        kind: &str,
    ) -> Result<Option<(T, T)>, StoreError> {
        let events = self.desk.engine.store.events_of(subject).await?;
        let is_own = |event: &waybill_shared::domain::event::Event| {
            event.kind == kind && event.actor == self.desk.sender
        };
        let Some(at) = events.iter().rposition(is_own).filter(|at| *at > 0) else {
            return Ok(None);
        };
        let read = |body: &str| {
            serde_json::from_str(body)
                .map_err(|source| StoreError::Corrupt { subject: subject.to_owned(), source })
        };
        // An archived change is too old to be a repeat.
        if events[at - 1..=at].iter().any(|event| archived(&event.body).is_some()) {
            return Ok(None);
        }
        Ok(Some((read(&events[at - 1].body)?, read(&events[at].body)?)))
    }
}
