//! What is kept of each file that is taken: what became of every row of it, so that a later one of
//! the same name, an earlier one, and `check` can be compared with it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::outcome::{RefusedRow, Submitted};
use crate::domain::ids::LineId;
use crate::domain::kinds::{RecordEvent, RecordKind};
use crate::domain::lot::Timestamp;
use crate::engine::Engine;
use crate::store::body::{corrupt, parse, write};
use crate::store::chain::hex;
use crate::store::{ChangeSet, RecordChange, StoreError};

/// What the record of a file that waits for its day, or does so no more, holds.
#[must_use]
pub fn planned(waits: bool) -> String {
    serde_json::json!({ "waits": waits }).to_string()
}

/// Rows that one record keeps.
const TOGETHER: usize = 2000;

/// What became of a row that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Became {
    /// It became a line.
    #[serde(rename = "new")]
    New,
    /// It amended its line.
    #[serde(rename = "amended")]
    Amended,
    /// It says what its line says, or said when it was last stated.
    #[serde(rename = "equal")]
    Equal,
    /// Its line stays as a command made it, because somebody decided so.
    #[serde(rename = "ours")]
    Ours,
    /// A command has changed its line, too: somebody has to decide.
    #[serde(rename = "disputed")]
    Disputed,
    /// It waits for an order change.
    #[serde(rename = "order_change")]
    OrderChange,
}

/// A row that was taken: its number, its line, how many events that had then, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowTaken(pub u64, pub LineId, pub i64, pub Became);

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTaken {
    /// Its name.
    pub file: String,
    /// How many rows of it are lines.
    pub lines: usize,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Timestamp>,
    /// Rows that were left out, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedRow>,
    /// How many records keep its other rows; none: it was taken before rows were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<usize>,
}

/// Some rows of a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct FileRows {
    /// The file's name.
    pub file: String,
    /// The rows.
    pub rows: Vec<RowTaken>,
}

/// Which file of a name was taken last.
#[derive(Debug, Serialize, Deserialize)]
struct Latest {
    sha256: String,
}

/// What a file says, as a name for it.
pub(super) fn hash_of(lines: &[Submitted]) -> Result<String, StoreError> {
    let (mut hash, mut text) = (Sha256::new(), Vec::new());
    for submitted in lines {
        text.clear();
        serde_json::to_writer(&mut text, submitted)
            .map_err(|source| corrupt(RecordKind::File, &submitted.line.external_id, source))?;
        hash.update(&text);
        hash.update("\n");
    }
    Ok(hex(hash))
}

/// The id of a file's record of rows, from 0.
#[must_use]
pub fn part_id(hash: &str, part: usize) -> String {
    format!("{hash}/{part:05}")
}

/// The file that says this, if it was taken.
pub(super) async fn taken(
    engine: &Engine,
    hash: &str,
) -> Result<Option<(i64, FileTaken)>, StoreError> {
    let Some(record) = engine.store.record(RecordKind::File, hash).await? else { return Ok(None) };
    Ok(Some((record.version, parse(RecordKind::File, hash, &record.body)?)))
}

/// The lines that the last file of this name had; none: no other than this one was taken, or its rows
/// were not kept.
pub(super) async fn lines_of_last(
    engine: &Engine,
    file: &str,
    hash: &str,
) -> Result<Vec<LineId>, StoreError> {
    let Some(record) = engine.store.record(RecordKind::FileName, file).await? else {
        return Ok(Vec::new());
    };
    let latest: Latest = parse(RecordKind::FileName, file, &record.body)?;
    if latest.sha256 == hash {
        return Ok(Vec::new());
    }
    let Some((_, taken)) = taken(engine, &latest.sha256).await? else { return Ok(Vec::new()) };
    let mut lines = Vec::with_capacity(taken.lines);
    for part in 0..taken.parts.unwrap_or(0) {
        let id = part_id(&latest.sha256, part);
        let Some(record) = engine.store.record(RecordKind::FileRows, &id).await? else { continue };
        let rows: FileRows = parse(RecordKind::FileRows, &id, &record.body)?;
        lines.extend(rows.rows.iter().map(|row| row.1));
    }
    Ok(lines)
}

/// Whether a file that was taken says what it said then, and none of its lines has changed since: then
/// nothing has to be compared.
pub(super) async fn is_as_then(
    engine: &Engine,
    name: &str,
    hash: &str,
    taken: &FileTaken,
) -> Result<bool, StoreError> {
    let Some(parts) = taken.parts.filter(|_| taken.refused.is_empty()) else { return Ok(false) };
    // What another file of the name had besides is told as gone.
    if let Some(record) = engine.store.record(RecordKind::FileName, name).await?
        && parse::<Latest>(RecordKind::FileName, name, &record.body)?.sha256 != hash
    {
        return Ok(false);
    }
    let mut then: HashMap<LineId, i64> = HashMap::with_capacity(taken.lines);
    for part in 0..parts {
        let id = part_id(hash, part);
        let Some(record) = engine.store.record(RecordKind::FileRows, &id).await? else {
            return Ok(false);
        };
        let rows: FileRows = parse(RecordKind::FileRows, &id, &record.body)?;
        if rows.rows.iter().any(|row| row.3 == Became::Disputed) {
            return Ok(false);
        }
        then.extend(rows.rows.iter().map(|row| (row.1, row.2)));
    }
    let ids: Vec<LineId> = then.keys().copied().collect();
    let now = engine.store.line_versions(&ids).await?;
    let is_same = |(id, version): &(LineId, i64)| then.get(id) == Some(version);
    Ok(now.len() == then.len() && now.iter().all(is_same))
}

/// Keeps in `change set` that a file was taken, and what became of its rows.
pub(super) async fn keep(
    engine: &Engine,
    change_set: &mut ChangeSet,
    hash: &str,
    mut file: FileTaken,
    rows: &[RowTaken],
) -> Result<(), StoreError> {
    let name = file.file.clone();
    let before = taken(engine, hash).await?;
    file.parts = Some(rows.len().div_ceil(TOGETHER));
    for (part, rows) in rows.chunks(TOGETHER).enumerate() {
        let id = part_id(hash, part);
        let there = match before {
            Some(_) => engine.store.record(RecordKind::FileRows, &id).await?,
            None => None,
        };
        let expected = there.map_or(0, |there| there.version);
        let body = write(
            RecordKind::FileRows,
            &id,
            &FileRows { file: name.clone(), rows: rows.to_vec() },
        )?;
        change_set.records.push(RecordChange {
            kind: RecordKind::FileRows,
            id,
            expected,
            body,
            event: RecordEvent::FileRowsKept,
        });
    }
    change_set.records.push(RecordChange {
        kind: RecordKind::File,
        id: hash.to_owned(),
        expected: before.map_or(0, |(version, _)| version),
        body: write(RecordKind::File, hash, &file)?,
        event: RecordEvent::FileTaken,
    });
    name_it(engine, change_set, hash, name).await
}

/// Keeps in `change set` that this is the last file of its name, unless that is known.
pub(super) async fn name_it(
    engine: &Engine,
    change_set: &mut ChangeSet,
    hash: &str,
    name: String,
) -> Result<(), StoreError> {
    let latest = engine.store.record(RecordKind::FileName, &name).await?;
    let body = write(RecordKind::FileName, &name, &Latest { sha256: hash.to_owned() })?;
    if latest.as_ref().is_none_or(|latest| latest.body != body) {
        let expected = latest.map_or(0, |latest| latest.version);
        let event = RecordEvent::FileNamed;
        change_set.records.push(RecordChange {
            kind: RecordKind::FileName,
            id: name,
            expected,
            body,
            event,
        });
    }
    Ok(())
}
