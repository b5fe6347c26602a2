//! Documents that were taken: a record each, written once, so that the log tells of every one of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::document::Document;
use crate::domain::kinds::{NoteKind, RecordEvent, RecordKind};
use crate::domain::lot::Timestamp;
use crate::store::{ChangeSet, NoteChange, OldDocument, Record, RecordChange, Store, StoreError};

/// The note that says that no document of an older version is left to be moved.
const MOVED: (NoteKind, &str) = (NoteKind::Moved, "documents");

/// Documents of an older version moved in one commit.
const TOGETHER: i64 = 500;

/// A document, and when it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenDocument {
    /// When.
    pub at: Timestamp,
    /// As it came.
    pub document: Document,
}

impl TakenDocument {
    /// What takes `document` at `at`; stale if one of its sender and number was taken before.
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

    /// What a record says.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it cannot be read.
    pub fn read(record: &Record) -> Result<Self, StoreError> {
        serde_json::from_str(&record.body).map_err(|source| corrupt(&record.id, source))
    }

    /// The document of this sender and number; none: it was not taken.
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

    /// Who sent the document that `change set` takes; none: it takes none.
    #[must_use]
    pub fn sender_in(change_set: &ChangeSet) -> Option<String> {
        let taken = change_set.records.iter().find(|record| record.kind == RecordKind::Document)?;
        serde_json::from_str::<Self>(&taken.body).ok().map(|taken| taken.document.sender)
    }
}

fn corrupt(id: &str, source: serde_json::Error) -> StoreError {
    StoreError::Corrupt { subject: RecordKind::Document.subject(id), source }
}

/// The records of documents of `sender` after that with the id `after`, at most `limit`, in the order of
/// their ids; all senders' where none is named.
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

/// Documents that an older version took and that are no records yet, after the one `after`, as their records will be.
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
        // A process that was killed has moved some.
        if store.record(RecordKind::Document, &id).await?.is_none() {
            left.push(Record { id, version: 0, body });
        }
    }
    Ok(Some(left))
}

/// Who sent what was taken, by the document's key.
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

/// Makes records of the documents that an older version kept in a table of their own.
pub(crate) async fn move_in(store: &dyn Store) -> Result<(), StoreError> {
    if store.note(MOVED.0, MOVED.1).await?.is_some() {
        return Ok(());
    }
    // The log goes on from where it stands, whatever clock it was written by.
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
        // One that is stale was moved by another process.
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
        // What cannot be read stays as it is: whoever reads the record says so.
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
