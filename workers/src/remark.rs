//! Notes in the log that say why something was done.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use waybill_shared::domain::document::Content;
use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::engine::Engine;
use waybill_shared::store::{ChangeSet, RecordChange, StoreError};

/// A note for people who later look at its subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The id of the subject, such as a lot's id or `order:` with a number.
    pub subject: String,
    pub text: String,
    /// The day on which to look at the subject again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<NaiveDate>,
}

/// Adds `reason` to `change_set` as a note on `subject`, unless one of its changes already states
/// the reason.
///
/// # Errors
/// [`StoreError`] if the notes of the subject cannot be read.
pub(crate) async fn keep(
    engine: &Engine,
    change_set: &mut ChangeSet,
    subject: &str,
    reason: &str,
) -> Result<(), StoreError> {
    if reason.is_empty() || is_told(change_set, reason)? {
        return Ok(());
    }
    let note = Note { subject: subject.to_owned(), text: reason.to_owned(), follow_up: None };
    let body = text(subject, &note)?;
    if let Some(id) = next(engine, RecordKind::Note, subject, &body).await? {
        change_set.records.push(RecordChange {
            kind: RecordKind::Note,
            id,
            expected: 0,
            body,
            event: RecordEvent::NoteWritten,
        });
    }
    Ok(())
}

/// The subject of a document, as its notes name it.
pub(crate) fn subject_of(content: &Content) -> String {
    match content {
        Content::Review { lot, .. }
        | Content::Acceptance { lot, .. }
        | Content::Consent { lot, .. } => lot.to_string(),
        Content::Approval { order, .. }
        | Content::TermsDecision { order, .. }
        | Content::OrderResponse { order, .. }
        | Content::OrderChangeResponse { order, .. }
        | Content::DespatchAdvice { order, .. }
        | Content::ReceiptAdvice { order, .. }
        | Content::Payment { order, .. } => format!("order:{order}"),
    }
}

/// The id of the next record of this kind for `subject`, or `None` if a record with the same body
/// exists.
pub(crate) async fn next(
    engine: &Engine,
    kind: RecordKind,
    subject: &str,
    body: &str,
) -> Result<Option<String>, StoreError> {
    let prefix = format!("{subject}/");
    let own = engine.store.records_of(kind, &prefix).await?;
    if own.iter().any(|record| record.body == body) {
        return Ok(None);
    }
    // All numbers have the same width, so that ids sort in order.
    Ok(Some(format!("{prefix}{:05}", own.len() + 1)))
}

fn is_told(change_set: &ChangeSet, reason: &str) -> Result<bool, StoreError> {
    let quoted = text("reason", &reason)?;
    let within = quoted.trim_matches('"');
    // Documents do not count: they are stored as they came and are not shown with their subject.
    let mut told = change_set.records.iter().filter(|change| change.kind != RecordKind::Document);
    Ok(change_set.lots.iter().any(|change| change.after.reason.contains(reason))
        || told.any(|change| change.body.contains(within)))
}

fn text<T: Serialize>(subject: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Corrupt {
        subject: RecordKind::Note.subject(subject),
        source,
    })
}
