//! Finds what both a planned file and a command have changed, and nobody has decided yet.

use serde::{Deserialize, Serialize};

use super::amendment::people;
use super::outcome::Conflict;
use super::records::RecordConflict;
use crate::domain::ids::LineId;
use crate::domain::kinds::RecordKind;
use crate::engine::Engine;
use crate::store::StoreError;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// A line such as `MIN/1`, or the id of a contribution.
    pub subject: String,
    /// The contested fields, each with both values.
    pub why: String,
    /// The planned file. Empty for a contribution.
    pub file: String,
}

/// Lists the open conflicts of planned files. A conflict is open until the file's value is taken, or the value is
/// stated again.
///
/// # Errors
/// [`StoreError`] if records or lines cannot be read.
pub async fn disputes(engine: &Engine) -> Result<Vec<Dispute>, StoreError> {
    let mut open = Vec::new();
    for record in engine.store.records(RecordKind::LineConflict).await? {
        if let Ok(id) = record.id.parse::<LineId>() {
            let Ok(conflict) = serde_json::from_str::<Conflict>(&record.body) else { continue };
            let Some((_, stored)) = engine.store.lines(&[id]).await?.pop() else { continue };
            let (now, stated) = (people(&stored.line), people(stored.stated()));
            let left = conflict.fields.iter().filter(|field| {
                let is = |of: &std::collections::BTreeMap<String, String>| {
                    of.get(&field.field).is_some_and(|value| *value == field.theirs)
                };
                !is(&now) && !is(&stated)
            });
            let why: Vec<String> = left.map(super::Contested::to_string).collect();
            if !why.is_empty() {
                let (subject, why) = (stored.line.key(), why.join("; "));
                open.push(Dispute { subject, why, file: conflict.file });
            }
        } else if let Some(id) = record.id.strip_prefix("contribution:") {
            let Ok(conflict) = serde_json::from_str::<RecordConflict>(&record.body) else {
                continue;
            };
            // A decision states the contribution again, so a later event settles the conflict.
            let given = engine.store.events_of(&format!("contribution:{id}")).await?;
            let disputed =
                engine.store.events_of(&RecordKind::LineConflict.subject(&record.id)).await?;
            let last = |events: &[crate::domain::event::Event]| events.last().map(|event| event.at);
            if last(&given) > last(&disputed) {
                continue;
            }
            let why: Vec<String> =
                conflict.fields.iter().map(super::Contested::to_string).collect();
            let (subject, file) = (id.to_owned(), String::new());
            open.push(Dispute { subject, why: why.join("; "), file });
        }
    }
    Ok(open)
}
