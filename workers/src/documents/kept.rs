//! Documents that came before their time. Each is kept with its order and tried again when
//! something about the order changes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use waybill_shared::domain::document::{Content, Document};
use waybill_shared::domain::kinds::{JobKind, RecordEvent, RecordKind, StepKind};
use waybill_shared::domain::lot::{Lot, LotState};
use waybill_shared::engine::Engine;
use waybill_shared::store::{ChangeSet, NewJob, Record, RecordChange, StoreError};

use super::Refusal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    Waiting,
    Taken,
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) document: Document,
    /// What has to happen first, as a text that begins with "until".
    pub(crate) until: String,
    pub(crate) fate: Fate,
}

fn corrupt(id: &str) -> impl FnOnce(serde_json::Error) -> StoreError + use<> {
    let subject = RecordKind::KeptDocument.subject(id);
    |source| StoreError::Corrupt { subject, source }
}

fn id(order: &str, document: &Document) -> String {
    format!("{order}/{}", document.key())
}

/// The order that a document about goods refers to. Other documents are never kept, hence `None`.
fn order(document: &Document) -> Option<&str> {
    match &document.content {
        Content::DespatchAdvice { order, .. } | Content::ReceiptAdvice { order, .. } => Some(order),
        Content::Review { .. }
        | Content::Acceptance { .. }
        | Content::Consent { .. }
        | Content::Approval { .. }
        | Content::TermsDecision { .. }
        | Content::OrderResponse { .. }
        | Content::OrderChangeResponse { .. }
        | Content::Payment { .. } => None,
    }
}

impl Kept {
    fn read(record: &Record) -> Result<Self, StoreError> {
        serde_json::from_str(&record.body).map_err(corrupt(&record.id))
    }

    /// The kept document with the version of its record, or `None`.
    pub(crate) async fn of(
        engine: &Engine,
        document: &Document,
    ) -> Result<Option<(Self, i64)>, StoreError> {
        let Some(order) = order(document) else { return Ok(None) };
        let found = engine.store.record(RecordKind::KeptDocument, &id(order, document)).await?;
        found.map(|record| Ok((Self::read(&record)?, record.version))).transpose()
    }

    fn filed(self, version: i64, event: RecordEvent) -> Result<RecordChange, StoreError> {
        let id = id(order(&self.document).unwrap_or_default(), &self.document);
        let body = serde_json::to_string(&self).map_err(corrupt(&id))?;
        Ok(RecordChange { kind: RecordKind::KeptDocument, id, expected: version, body, event })
    }
}

/// Keeps `document` until its time has come. Changes nothing if it is kept already.
pub(super) async fn keep(
    engine: &Engine,
    document: &Document,
    until: String,
) -> Result<ChangeSet, Refusal> {
    let mut change_set = ChangeSet::new(&document.sender, engine.clock.now());
    let kept = Kept { document: document.clone(), until, fate: Fate::Waiting };
    let change = match Kept::of(engine, document).await? {
        None => kept.filed(0, RecordEvent::DocumentKept)?,
        Some((before, _)) if before.fate == Fate::Waiting && before.document != *document => {
            let (sender, number) = (document.sender.clone(), document.number.clone());
            return Err(Refusal::OtherOfThatNumber { sender, number });
        }
        Some((before, _)) if before == kept => return Ok(change_set),
        Some((_, version)) => kept.filed(version, RecordEvent::DocumentKept)?,
    };
    change_set.records.push(change);
    Ok(change_set)
}

/// Records in `change_set` that a kept document was taken or refused.
pub(super) async fn settle(
    engine: &Engine,
    document: &Document,
    fate: Fate,
    change_set: &mut ChangeSet,
) -> Result<(), StoreError> {
    let Some((kept, version)) = Kept::of(engine, document).await? else { return Ok(()) };
    if kept.fate != Fate::Waiting || kept.document != *document {
        return Ok(());
    }
    let event = match fate {
        Fate::Waiting => RecordEvent::DocumentKept,
        Fate::Taken => RecordEvent::DocumentTakenLater,
        Fate::Refused => RecordEvent::DocumentRefusedLater,
    };
    change_set.records.push(Kept { fate, ..kept }.filed(version, event)?);
    Ok(())
}

/// The documents that wait with the order `number`.
async fn waiting(engine: &Engine, number: &str) -> Result<Vec<Kept>, StoreError> {
    let prefix = format!("{number}/");
    let found = engine.store.records_of(RecordKind::KeptDocument, &prefix).await?;
    let kept: Vec<Kept> = found.iter().map(Kept::read).collect::<Result<_, _>>()?;
    Ok(kept.into_iter().filter(|kept| kept.fate == Fate::Waiting).collect())
}

/// The documents that are kept with the order `number`, each with what it waits for.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub async fn kept_for(
    engine: &Engine,
    number: &str,
) -> Result<Vec<(Document, String)>, StoreError> {
    let kept = waiting(engine, number).await?;
    Ok(kept.into_iter().map(|kept| (kept.document, kept.until)).collect())
}

/// Adds jobs to `change_set` that try kept documents again for each order that it changes.
pub(crate) async fn wake(engine: &Engine, change_set: &mut ChangeSet) -> Result<(), StoreError> {
    let mut orders: BTreeSet<String> = BTreeSet::new();
    for record in change_set.records.iter().filter(|record| record.kind == RecordKind::OrderStatus)
    {
        orders.insert(record.id.clone());
    }
    for change in &change_set.lots {
        let Some(before) = &change.before else { continue };
        let is_awaited = |lot: &Lot| lot.state().is_at(StepKind::ConfirmDelivery);
        let was_parked = matches!(before.state(), LotState::Parked { .. });
        if was_parked || is_awaited(&change.after) && !is_awaited(before) {
            orders.extend(before.order.clone());
        }
    }
    for number in orders {
        for kept in waiting(engine, &number).await? {
            let body = serde_json::to_string(&kept.document);
            change_set.jobs.push(NewJob {
                kind: JobKind::Document,
                key: kept.document.key(),
                due: change_set.at,
                body: body.map_err(corrupt(&number))?,
            });
        }
    }
    Ok(())
}
