//! Finds lines by what people call them: Waybill's number, the requester's id, or both as in `MIN/1`.

use std::fmt;

use crate::domain::ids::LineId;
use crate::domain::kinds::RecordKind;
use crate::domain::text::canonical;
use crate::store::{Reads, StoreError, StoredLine};

/// What a name refers to.
#[derive(Debug)]
pub enum NamedLine {
    One(LineId, Box<StoredLine>),
    Unknown,
    /// Several things: lines of several requesters, or a line and something else.
    Several(Ambiguous),
}

/// A name that refers to several things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    pub name: String,
    /// Unambiguous names, such as `MIN/1 (LINE-001)`.
    pub lines: Vec<String>,
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, lines } = self;
        write!(f, "several things have the name `{name}`: name one of {}", lines.join(", "))
    }
}

/// Like [`named`], but also looks for records of `kinds`. The second value is the kind of the record, if only a record
/// has the name. If a line and a record have the same name, the name is ambiguous.
///
/// # Errors
/// [`StoreError`] if lines or records cannot be read.
pub async fn named_among(
    store: &(impl Reads + ?Sized),
    name: &str,
    kinds: &[RecordKind],
) -> Result<(NamedLine, Option<RecordKind>), StoreError> {
    let line = named(store, name).await?;
    let mut record = None;
    for kind in kinds {
        if store.record(*kind, name).await?.is_some() {
            record = Some(*kind);
            break;
        }
    }
    let (Some(kind), NamedLine::One(id, stored)) = (record, &line) else {
        return Ok((line, record));
    };
    // Waybill's own number for a line refers to nothing else.
    if name.parse::<LineId>().is_ok() {
        return Ok((line, None));
    }
    let lines = vec![format!("{kind}:{name}"), format!("{} ({id})", stored.line.key())];
    Ok((NamedLine::Several(Ambiguous { name: name.to_owned(), lines }), None))
}

/// What `name` refers to among all lines. A requester's id needs no requester if only one requester uses it.
///
/// # Errors
/// [`StoreError`] if lines cannot be read.
pub async fn named(store: &(impl Reads + ?Sized), name: &str) -> Result<NamedLine, StoreError> {
    Ok(NamedLine::among(name, lines_named(store, name).await?))
}

/// The lines that `name` may refer to.
///
/// # Errors
/// [`StoreError`] if lines cannot be read.
pub async fn lines_named(
    store: &(impl Reads + ?Sized),
    name: &str,
) -> Result<Vec<(LineId, StoredLine)>, StoreError> {
    let name = canonical(name);
    if let Ok(id) = name.parse::<LineId>() {
        return store.lines(&[id]).await;
    }
    // An id may itself contain slashes, so any of them may be the one after the requester.
    let cuts = name.match_indices('/').map(|(at, _)| (&name[..at], &name[at + 1..]));
    let cuts: Vec<(&str, &str)> = cuts.collect();
    let ids: Vec<&str> = cuts.iter().map(|(_, id)| *id).chain([&*name]).collect();
    let mut found = store.lines_by_external(&ids).await?;
    found.retain(|(_, stored)| {
        let line = &stored.line;
        let is_cut = |(requester, id): &(&str, &str)| {
            *requester == line.requester && *id == line.external_id
        };
        line.external_id == *name || cuts.iter().any(is_cut)
    });
    Ok(found)
}

impl NamedLine {
    /// What `name` refers to, if `found` are the lines that it may refer to.
    #[must_use]
    pub fn among(name: &str, mut found: Vec<(LineId, StoredLine)>) -> Self {
        if found.len() > 1 {
            let line =
                |(id, stored): &(LineId, StoredLine)| format!("{} ({id})", stored.line.key());
            let lines = found.iter().map(line).collect();
            return Self::Several(Ambiguous { name: canonical(name).into_owned(), lines });
        }
        found.pop().map_or(Self::Unknown, |(id, stored)| Self::One(id, Box::new(stored)))
    }
}
