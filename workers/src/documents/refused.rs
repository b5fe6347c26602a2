//! Documents that cannot be taken. A record says why, and an incident asks somebody to look at it,
//! unless the document is an answer that was overtaken by events.

use waybill_shared::domain::document::{Content, Document};
use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::engine::Engine;
use waybill_shared::job::{Incident, JobError};
use waybill_shared::store::{ChangeSet, RecordChange, StoreError};

use super::kept::{Fate, settle};

fn incident(document: &Document) -> String {
    format!("document:{}", document.key())
}

fn invalid(error: serde_json::Error) -> JobError {
    JobError::Invalid(error.to_string())
}

/// Whether the document answers a question of ours, which must be obsolete if the answer is
/// refused. Then nobody has to look at it: if the question is asked again, it is answered again.
fn is_overtaken(content: &Content) -> bool {
    match content {
        Content::Review { .. }
        | Content::Acceptance { .. }
        | Content::Consent { .. }
        | Content::Approval { .. }
        | Content::TermsDecision { .. } => true,
        Content::OrderResponse { .. }
        | Content::OrderChangeResponse { .. }
        | Content::DespatchAdvice { .. }
        | Content::ReceiptAdvice { .. }
        | Content::Payment { .. } => false,
    }
}

/// The change set that records why `document` was refused. Its number stays free, so it may be sent
/// again, corrected or not.
pub(super) async fn refuse(
    engine: &Engine,
    document: &Document,
    why: &str,
) -> Result<ChangeSet, JobError> {
    let Document { sender, number, .. } = document;
    tracing::warn!(sender, number, refusal = why, "a document was refused");
    let mut change_set = ChangeSet::new(sender, engine.clock.now());
    let id = document.key();
    let found = engine.store.record(RecordKind::RefusedDocument, &id).await?;
    change_set.records.push(RecordChange {
        kind: RecordKind::RefusedDocument,
        id,
        expected: found.map_or(0, |found| found.version),
        body: serde_json::json!({ "why": why }).to_string(),
        event: RecordEvent::DocumentRefused,
    });
    if is_overtaken(&document.content) {
        return Ok(change_set);
    }
    let id = incident(document);
    let found = engine.store.record(RecordKind::Incident, &id).await?;
    let cause = format!("document {number} of {sender} was refused: {why}");
    let opened = Incident { cause, subjects: vec![id.clone()], job: None, closed: None };
    let (expected, event) = match found {
        None => (0, RecordEvent::IncidentOpened),
        Some(record) => (record.version, RecordEvent::IncidentGrew),
    };
    let body = serde_json::to_string(&opened).map_err(invalid)?;
    change_set.records.push(RecordChange { kind: RecordKind::Incident, id, expected, body, event });
    settle(engine, document, Fate::Refused, &mut change_set).await?;
    Ok(change_set)
}

/// Why `document` was refused, or `None` if it was not.
pub(crate) async fn why(
    engine: &Engine,
    document: &Document,
) -> Result<Option<String>, StoreError> {
    let id = document.key();
    let Some(record) = engine.store.record(RecordKind::RefusedDocument, &id).await? else {
        return Ok(None);
    };
    let corrupt =
        |source| StoreError::Corrupt { subject: RecordKind::RefusedDocument.subject(id), source };
    let body: serde_json::Value = serde_json::from_str(&record.body).map_err(corrupt)?;
    Ok(body["why"].as_str().map(str::to_owned))
}

/// Closes the incident of a document that was refused before and is taken now.
pub(super) async fn mended(
    engine: &Engine,
    document: &Document,
    change_set: &mut ChangeSet,
) -> Result<(), JobError> {
    let id = incident(document);
    let Some(record) = engine.store.record(RecordKind::Incident, &id).await? else { return Ok(()) };
    let mut incident: Incident = serde_json::from_str(&record.body).map_err(invalid)?;
    if incident.closed.is_some() {
        return Ok(());
    }
    incident.closed = Some("it was taken later".to_owned());
    let (expected, event) = (record.version, RecordEvent::IncidentClosed);
    let body = serde_json::to_string(&incident).map_err(invalid)?;
    change_set.records.push(RecordChange { kind: RecordKind::Incident, id, expected, body, event });
    Ok(())
}
