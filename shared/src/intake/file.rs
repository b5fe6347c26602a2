//! Stores what became of every row of an imported file. Earlier and later files of the same name are compared with
//! it, and `check` uses it.

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

/// The body of the record of a planned file. `waits` is false once its day has come.
#[must_use]
pub fn planned(waits: bool) -> String {
    serde_json::json!({ "waits": waits }).to_string()
}

/// The most rows in one record.
const TOGETHER: usize = 2000;

/// What became of an accepted row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Became {
    #[serde(rename = "new")]
    New,
    #[serde(rename = "amended")]
    Amended,
    /// It equals its line, or what was last stated for that line.
    #[serde(rename = "equal")]
    Equal,
    /// Its line keeps the values that a command gave it, because somebody decided so.
    #[serde(rename = "ours")]
    Ours,
    /// A command has changed its line too, and somebody has to decide.
    #[serde(rename = "disputed")]
    Disputed,
    #[serde(rename = "order_change")]
    OrderChange,
}

/// An accepted row: its number, its line, the version of the line at that time, and what became of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowTaken(pub u64, pub LineId, pub i64, pub Became);

/// An imported file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTaken {
    pub file: String,
    /// How many of its rows are lines.
    pub lines: usize,
    /// When the file was imported. `None` for files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Timestamp>,
    /// The rows that were left out, with the reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedRow>,
    /// The number of records with its other rows. `None` means that the file was imported before rows were stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<usize>,
}

/// Some rows of a file, in one record.
#[derive(Debug, Serialize, Deserialize)]
pub struct FileRows {
    pub file: String,
    pub rows: Vec<RowTaken>,
}

/// The record with the file of a name that was imported last.
#[derive(Debug, Serialize, Deserialize)]
struct Latest {
    sha256: String,
}

/// The hash of a file's content, which is the id of its record.
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

/// The id of one of a file's records of rows; `part` starts at 0.
#[must_use]
pub fn part_id(hash: &str, part: usize) -> String {
    format!("{hash}/{part:05}")
}

/// The file with this content, with the version of its record, if it was imported before.
pub(super) async fn taken(
    engine: &Engine,
    hash: &str,
) -> Result<Option<(i64, FileTaken)>, StoreError> {
    let Some(record) = engine.store.record(RecordKind::File, hash).await? else { return Ok(None) };
    Ok(Some((record.version, parse(RecordKind::File, hash, &record.body)?)))
}

/// The lines of the last file of this name. `None` means that no other file of this name was imported, or that its
/// rows were not stored.
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

/// Whether an imported file has the same content as then, and none of its lines has changed since. Then nothing has
/// to be compared.
pub(super) async fn is_as_then(
    engine: &Engine,
    name: &str,
    hash: &str,
    taken: &FileTaken,
) -> Result<bool, StoreError> {
    let Some(parts) = taken.parts.filter(|_| taken.refused.is_empty()) else { return Ok(false) };
    // Lines that only another file of this name had must be reported as gone, so the comparison is needed.
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

/// Adds the record of an imported file and of its rows to `change_set`.
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

/// Records that this is the last file of its name, unless that is recorded already.
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
