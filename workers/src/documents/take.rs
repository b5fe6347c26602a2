//! Taking a document: once, by sender and number, together with what it changes.

use std::sync::Arc;

use waybill_shared::act::ActError;
use waybill_shared::domain::document::Document;
use waybill_shared::engine::Engine;
use waybill_shared::intake::follow;
use waybill_shared::store::{Fate, InboxEntry, StoreError, Unit};

use super::{Desk, Refusal};
use crate::connectors::Connector;
use crate::remark::{self, subject_of};

/// Conflicts with other writers after which a document is given back.
const CONFLICTS: u32 = 20;

/// Whether a document was taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Now.
    Now,
    /// It was taken before, and changes nothing more.
    Before,
}

/// Takes `document` in the name of `actor`, and commits what it changes, with what the actor remarks on
/// it.
///
/// # Errors
/// [`Refusal`]; then nothing was changed.
pub async fn take(
    engine: &Engine,
    connector: &Arc<dyn Connector>,
    document: &Document,
    actor: &str,
    remark: &str,
) -> Result<Taken, Refusal> {
    for _ in 0..CONFLICTS {
        let Some(mut unit) = unit(engine, connector, document).await? else {
            return Ok(Taken::Before);
        };
        actor.clone_into(&mut unit.actor);
        remark::keep(engine, &mut unit, &subject_of(&document.content), remark.trim()).await?;
        match engine.commit(vec![unit], None).await?.pop() {
            None | Some(Fate::Committed) => return Ok(Taken::Now),
            Some(Fate::Refused { rule }) => return Err(Refusal::DoesNotApply(rule)),
            Some(Fate::Stale { .. }) => {}
        }
    }
    let text = "others keep changing what it is about".to_owned();
    Err(Refusal::Failed(ActError::Invalid(text)))
}

/// What `document` would change, itself included; none: it was taken before.
///
/// # Errors
/// [`Refusal`] if it cannot be taken.
pub async fn unit(
    engine: &Engine,
    connector: &Arc<dyn Connector>,
    document: &Document,
) -> Result<Option<Unit>, Refusal> {
    let Document { sender, number, .. } = document;
    let corrupt = |source| StoreError::Corrupt { subject: document.key(), source };
    if let Some(body) = engine.store.taken(sender, number).await? {
        let before: Document = serde_json::from_str(&body).map_err(corrupt)?;
        if before == *document {
            return Ok(None);
        }
        let (sender, number) = (sender.clone(), number.clone());
        return Err(Refusal::OtherOfThatNumber { sender, number });
    }
    let coalition = engine.coalition().await?;
    let desk = Desk { engine, connector, coalition: &coalition, sender };
    let mut unit = desk.take(document).await?;
    follow(engine, &mut unit).await?;
    unit.inbox = Some(InboxEntry {
        sender: sender.clone(),
        number: number.clone(),
        body: serde_json::to_string(document).map_err(corrupt)?,
    });
    Ok(Some(unit))
}
