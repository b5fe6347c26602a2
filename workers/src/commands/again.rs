//! Whether somebody says the same again: what is done once is not done twice because it was sent twice.

use waybill_shared::store::StoreError;
use waybill_shared::store::chain::archived;

use super::Context;

impl Context<'_> {
    /// The last change of `kind` that this person made to `subject`: what the subject was before it, and
    /// after it.
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
        // What is in an archive was long ago.
        if events[at - 1..=at].iter().any(|event| archived(&event.body).is_some()) {
            return Ok(None);
        }
        Ok(Some((read(&events[at - 1].body)?, read(&events[at].body)?)))
    }
}
