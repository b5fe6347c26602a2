//! Accepted documents. Each is a record that is written once, so that the log contains all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::document::Document;
use crate::domain::kinds::{NoteKind, RecordEvent, RecordKind};
use crate::domain::lot::Timestamp;
use crate::store::{ChangeSet, NoteChange, OldDocument, Record, RecordChange, Store, StoreError};

/// The note that says that all documents of an older version have been moved.
const MOVED: (NoteKind, &str) = (NoteKind::Moved, "documents");

/// Documents of an older version that are moved in one commit.
const TOGETHER: i64 = 500;

/// A document, and when it was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenDocument {
    pub at: Timestamp,
    /// The document as it was received.
    pub document: Document,
}

impl TakenDocument {
    /// The change that stores `document`. It is stale if a document with this sender and number already exists.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it cannot be written as JSON.
    pub fn filed(document: Document, at: Timestamp) -> Result<RecordChange, StoreError> {
        let id = document.key();
        let body = serde_json::to_string(&Self { at, document });
        let body = body.map_err(|source| corrupt(&id, source))?;
        Ok(RecordChange {
            kind: RecordKind::Document,
            id,
            expected: 0,
            body,
            event: RecordEvent::DocumentTaken,
        })
    }

    /// Parses a record.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if its body is invalid.
    pub fn read(record: &Record) -> Result<Self, StoreError> {
        serde_json::from_str(&record.body).map_err(|source| corrupt(&record.id, source))
    }

    /// The document with this sender and number; `None` if no such document was accepted.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn of(
        store: &dyn Store,
        sender: &str,
        number: &str,
    ) -> Result<Option<Self>, StoreError> {
        let found = store.record(RecordKind::Document, &Document::key_of(sender, number)).await?;
        found.as_ref().map(Self::read).transpose()
    }

    /// The sender of the document that `change_set` stores; `None` if it stores none.
    #[must_use]
    pub fn sender_in(change_set: &ChangeSet) -> Option<String> {
        let taken = change_set.records.iter().find(|record| record.kind == RecordKind::Document)?;
        serde_json::from_str::<Self>(&taken.body).ok().map(|taken| taken.document.sender)
    }
}

fn corrupt(id: &str, source: serde_json::Error) -> StoreError {
    StoreError::Corrupt { subject: RecordKind::Document.subject(id), source }
}

/// The records of documents after the id `after`, at most `limit`, by id. If `sender` is given, only documents of that
/// sender.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub async fn page(
    store: &dyn Store,
    sender: Option<&str>,
    after: &str,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let prefix = sender.map(|sender| Document::key_of(sender, "")).unwrap_or_default();
    let from = after.max(prefix.as_str());
    let found = store.records_from(RecordKind::Document, from, limit).await?;
    Ok(found.into_iter().take_while(|record| record.id.starts_with(&prefix)).collect())
}

/// Documents of an older version, after the one `after`, that are not records yet. They are returned as the records
/// that they will become.
pub(crate) async fn not_moved(
    store: &dyn Store,
    after: &mut (String, String),
) -> Result<Option<Vec<Record>>, StoreError> {
    if store.note(MOVED.0, MOVED.1).await?.is_some() {
        return Ok(None);
    }
    let old = store.old_documents((&after.0, &after.1), TOGETHER).await?;
    let Some(end) = old.last() else { return Ok(None) };
    *after = (end.sender.clone(), end.number.clone());
    let mut left = Vec::with_capacity(old.len());
    for old in &old {
        let RecordChange { id, body, .. } = old.filed();
        // Some may have been moved by a process that was then killed.
        if store.record(RecordKind::Document, &id).await?.is_none() {
            left.push(Record { id, version: 0, body });
        }
    }
    Ok(Some(left))
}

/// The senders of all accepted documents, by the document's key.
pub(crate) async fn senders(store: &dyn Store) -> Result<BTreeMap<String, String>, StoreError> {
    let (mut senders, mut after) = (BTreeMap::new(), String::new());
    let mut last = (String::new(), String::new());
    while let Some(old) = not_moved(store, &mut last).await? {
        for record in &old {
            senders.insert(record.id.clone(), TakenDocument::read(record)?.document.sender);
        }
    }
    loop {
        let page = page(store, None, &after, TOGETHER).await?;
        let Some(last) = page.last() else { return Ok(senders) };
        after.clone_from(&last.id);
        for record in &page {
            let sender = TakenDocument::read(record)?.document.sender;
            senders.insert(record.id.clone(), sender);
        }
    }
}

/// Turns documents that an older version stored in a separate table into records.
pub(crate) async fn move_in(store: &dyn Store) -> Result<(), StoreError> {
    if store.note(MOVED.0, MOVED.1).await?.is_some() {
        return Ok(());
    }
    // Uses the time of the last event, so that times in the log do not go back, whatever clock wrote it.
    let last = store.last_position().await?;
    let last = store.events_after(last - 1, 1).await?.pop().map(|event| event.at);
    let mut after = (String::new(), String::new());
    loop {
        let old = store.old_documents((&after.0, &after.1), TOGETHER).await?;
        let mut change_sets: Vec<ChangeSet> = Vec::with_capacity(old.len());
        for old in &old {
            let mut change_set = ChangeSet::new("upgrade", last.unwrap_or(old.at));
            change_set.records.push(old.filed());
            change_sets.push(change_set);
        }
        let Some(end) = old.last() else { break };
        after = (end.sender.clone(), end.number.clone());
        // If a change set is stale, another process has moved that document.
        store.commit(change_sets).await?;
    }
    if after.0.is_empty() {
        return Ok(());
    }
    let mut done = ChangeSet::new("upgrade", last.unwrap_or_default());
    let body = Some("true".to_owned());
    done.notes.push(NoteChange { kind: MOVED.0, key: MOVED.1.to_owned(), body });
    store.commit(vec![done]).await.map(drop)
}

impl OldDocument {
    fn filed(&self) -> RecordChange {
        // A body that cannot be read is moved as it is. Whoever reads the record reports it.
        let at = serde_json::to_string(&self.at).unwrap_or_default();
        let body = format!(r#"{{"at":{at},"document":{}}}"#, self.body);
        let id = Document::key_of(&self.sender, &self.number);
        RecordChange {
            kind: RecordKind::Document,
            id,
            expected: 0,
            body,
            event: RecordEvent::DocumentTaken,
        }
    }
}
