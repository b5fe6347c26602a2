//! Why something was done, kept in the log with what it was done to.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use waybill_shared::domain::document::Content;
use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::engine::Engine;
use waybill_shared::store::{ChangeSet, RecordChange, StoreError};

/// A note for those who come after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The day on which to look at it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<NaiveDate>,
}

/// Keeps `reason` in `change set` as a note of `subject`, unless something in it tells the reason.
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

/// What a document is about, as notes of it are filed.
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

/// The id of what is kept of `subject` next; none: the same is kept.
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
    // Numbers of one width, so that they stay in order.
    Ok(Some(format!("{prefix}{:05}", own.len() + 1)))
}

fn is_told(change_set: &ChangeSet, reason: &str) -> Result<bool, StoreError> {
    let quoted = text("reason", &reason)?;
    let within = quoted.trim_matches('"');
    // A document is kept as it came; nobody is shown it where its subject is looked at.
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
