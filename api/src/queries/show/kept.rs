//! Records attached to a subject: notes, claims, files.

use waybill_shared::engine::Engine;
use waybill_shared::store::Record;
use waybill_workers::commands::{Attachment, Claim, Note};

use super::{Shown, read};
use crate::queries::error::QueryError;
use crate::queries::lots::timeline::timeline;
use waybill_shared::domain::kinds::RecordKind;

/// The largest number of notes, claims or files shown for one subject.
const SHOWN: i64 = 100;

/// Adds the attached records to the facts and the timeline of a subject.
pub(super) async fn add(engine: &Engine, shown: &mut Shown) -> Result<(), QueryError> {
    let subject = match shown.kind.as_str() {
        "lot" | "line" => shown.id.clone(),
        kind if shown.id.starts_with(&format!("{kind}:")) => shown.id.clone(),
        kind => format!("{kind}:{}", shown.id),
    };
    for record in of(engine, RecordKind::Note, &subject).await? {
        let note: Note = read(RecordKind::Note, &record)?;
        let follow_up = note.follow_up.map(|day| format!(" (to follow up on {day})"));
        let text = format!("{}{}", note.text, follow_up.unwrap_or_default());
        tell(engine, shown, RecordKind::Note, &record, text).await?;
    }
    // Claims are stored under their order's number alone.
    for record in of(engine, RecordKind::Claim, &shown.id.clone()).await? {
        let claim: Claim = read(RecordKind::Claim, &record)?;
        let amount = claim.amount.map(|amount| format!("{amount}: ")).unwrap_or_default();
        let text = format!("{amount}{}", claim.text);
        tell(engine, shown, RecordKind::Claim, &record, text).await?;
    }
    for record in of(engine, RecordKind::Attachment, &subject).await? {
        let file: Attachment = read(RecordKind::Attachment, &record)?;
        let text = format!("{}, {} bytes", file.name, file.bytes);
        tell(engine, shown, RecordKind::Attachment, &record, text).await?;
    }
    shown.timeline.sort_by_key(|entry| entry.at);
    Ok(())
}

async fn of(engine: &Engine, kind: RecordKind, subject: &str) -> Result<Vec<Record>, QueryError> {
    let prefix = format!("{subject}/");
    let mut own = Vec::new();
    // Most subjects have none, and the record after that position may be large. So one record is read first.
    for limit in [1, SHOWN] {
        let found = engine.store.records_from(kind, &prefix, limit).await?;
        own = found.into_iter().take_while(|record| record.id.starts_with(&prefix)).collect();
        if own.is_empty() {
            break;
        }
    }
    Ok(own)
}

async fn tell(
    engine: &Engine,
    shown: &mut Shown,
    kind: RecordKind,
    record: &Record,
    text: String,
) -> Result<(), QueryError> {
    for mut entry in timeline(engine, &kind.subject(&record.id)).await? {
        entry.reason.clone_from(&text);
        shown.timeline.push(entry);
    }
    shown.facts.push((kind.name().to_owned(), text));
    Ok(())
}
