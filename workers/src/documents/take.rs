//! Takes documents. Each counts once, by sender and number, and is stored together with what it
//! changes.

use std::sync::Arc;

use waybill_shared::documents::TakenDocument;
use waybill_shared::domain::document::Document;
use waybill_shared::engine::Engine;
use waybill_shared::intake::follow;
use waybill_shared::job::JobError;
use waybill_shared::store::{ChangeSet, Fate};

use super::kept::{self, keep, wake};
use super::refused::{mended, refuse};
use super::{Desk, Refusal};
use crate::connectors::Connector;
use crate::orders::complete;
use crate::remark::{self, subject_of};

/// How often a document is tried again when other writers change the same things.
const CONFLICTS: u32 = 20;

/// The result of taking a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    Now,
    /// It was taken before and changes nothing more.
    Before,
    /// Its time has not come, so it is kept.
    Kept {
        /// What has to happen first, as a text that begins with "until".
        until: String,
    },
}

/// The result for a document whose sender does not wait for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was taken, now or before, or is kept.
    Taken(Taken),
    /// It cannot be taken. Holds the reason.
    Refused(String),
}

/// Takes `document` in the name of `actor`, and commits its changes together with the actor's
/// remark.
///
/// # Errors
/// [`Refusal`] if it is not taken. Nothing was changed then.
pub async fn take(
    engine: &Engine,
    connector: &Arc<dyn Connector>,
    document: &Document,
    actor: &str,
    remark: &str,
) -> Result<Taken, Refusal> {
    for _ in 0..CONFLICTS {
        let (taken, mut change_set) = decided(engine, connector, document).await?;
        if taken == Taken::Before {
            return Ok(taken);
        }
        actor.clone_into(&mut change_set.actor);
        remark::keep(engine, &mut change_set, &subject_of(&document.content), remark.trim())
            .await?;
        match engine.commit(vec![change_set], None).await?.pop() {
            None | Some(Fate::Committed) => return Ok(taken),
            Some(Fate::Refused { rule }) => return Err(Refusal::DoesNotApply(rule)),
            Some(Fate::Stale { .. }) => {}
        }
    }
    let text = "other processes keep changing the same lots or orders".to_owned();
    Err(Refusal::Failed(JobError::Invalid(text)))
}

/// Takes or keeps `document`, or records that it was refused.
pub(crate) async fn receive(
    engine: &Engine,
    connector: &Arc<dyn Connector>,
    document: &Document,
) -> Result<Settled, JobError> {
    let why = match take(engine, connector, document, &document.sender, "").await {
        Ok(taken) => return Ok(Settled::Taken(taken)),
        Err(Refusal::Failed(error)) => return Err(error),
        Err(refusal) => refusal.to_string(),
    };
    for _ in 0..CONFLICTS {
        let change_set = refuse(engine, document, &why).await?;
        match engine.commit(vec![change_set], None).await?.pop() {
            None | Some(Fate::Committed) => return Ok(Settled::Refused(why)),
            Some(Fate::Refused { rule }) => return Err(JobError::Invalid(rule)),
            Some(Fate::Stale { .. }) => {}
        }
    }
    Err(JobError::Invalid("other processes keep changing the same lots or orders".to_owned()))
}

/// The changes for `document`, whether it is taken, kept or refused.
pub(crate) async fn settle(
    engine: &Engine,
    connector: &Arc<dyn Connector>,
    document: &Document,
) -> Result<ChangeSet, JobError> {
    match decided(engine, connector, document).await {
        Ok((_, change_set)) => Ok(change_set),
        Err(Refusal::Failed(error)) => Err(error),
        Err(refusal) => refuse(engine, document, &refusal.to_string()).await,
    }
}

async fn decided(
    engine: &Engine,
    connector: &Arc<dyn Connector>,
    document: &Document,
) -> Result<(Taken, ChangeSet), Refusal> {
    match change_set(engine, connector, document).await {
        Ok(Some(change_set)) => Ok((Taken::Now, change_set)),
        Ok(None) => Ok((Taken::Before, ChangeSet::new(&document.sender, engine.clock.now()))),
        Err(Refusal::Early { until }) => {
            let change_set = keep(engine, document, until.clone()).await?;
            Ok((Taken::Kept { until }, change_set))
        }
        Err(refusal) => Err(refusal),
    }
}

/// The changes that `document` would make, including its own record. `None` means that it was taken
/// before.
///
/// # Errors
/// [`Refusal`] if it cannot be taken.
pub async fn change_set(
    engine: &Engine,
    connector: &Arc<dyn Connector>,
    document: &Document,
) -> Result<Option<ChangeSet>, Refusal> {
    if let Some(wrong) = document.unfilable() {
        return Err(Refusal::DoesNotApply(wrong));
    }
    let Document { sender, number, .. } = document;
    if let Some(before) = TakenDocument::of(&*engine.store, sender, number).await? {
        if before.document == *document {
            return Ok(None);
        }
        let (sender, number) = (sender.clone(), number.clone());
        return Err(Refusal::OtherOfThatNumber { sender, number });
    }
    let coalition = engine.coalition().await?;
    let desk = Desk { engine, connector, coalition: &coalition, sender };
    let mut change_set = desk.take(document).await?;
    follow(engine, &mut change_set).await?;
    complete(engine, &mut change_set).await?;
    wake(engine, &mut change_set).await?;
    kept::settle(engine, document, kept::Fate::Taken, &mut change_set).await?;
    mended(engine, document, &mut change_set).await?;
    change_set.records.push(TakenDocument::filed(document.clone(), change_set.at)?);
    Ok(Some(change_set))
}
