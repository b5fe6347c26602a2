//! Lines by what people call them: our number, their requester's id, or both as in `MIN/1`.

use std::fmt;

use crate::domain::ids::LineId;
use crate::domain::kinds::RecordKind;
use crate::domain::text::canonical;
use crate::store::{Reads, StoreError, StoredLine};

/// What a name stands for.
#[derive(Debug)]
pub enum NamedLine {
    /// One line.
    One(LineId, Box<StoredLine>),
    /// No line.
    Unknown,
    /// Several things: lines of several requesters, or a line and something else.
    Several(Ambiguous),
}

/// A name that several have given to what is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    /// The name.
    pub name: String,
    /// What tells them apart, such as `MIN/1 (LINE-001)`.
    pub lines: Vec<String>,
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, lines } = self;
        write!(f, "`{name}` is the name of several things: name one of {}", lines.join(", "))
    }
}

/// The same among records of `kinds`, too: none, and the kind of the record that alone has the name, or what the line
/// is; a line that bears the id of something else hides nothing.
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
    // Our own number for a line is nobody else's.
    if name.parse::<LineId>().is_ok() {
        return Ok((line, None));
    }
    let lines = vec![format!("{kind}:{name}"), format!("{} ({id})", stored.line.key())];
    Ok((NamedLine::Several(Ambiguous { name: name.to_owned(), lines }), None))
}

/// What `name` stands for among all lines. A requester's id needs no requester where only one has given it.
///
/// # Errors
/// [`StoreError`] if lines cannot be read.
pub async fn named(store: &(impl Reads + ?Sized), name: &str) -> Result<NamedLine, StoreError> {
    Ok(NamedLine::among(name, lines_named(store, name).await?))
}

/// The lines that `name` may stand for.
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
    // An id may hold slashes itself: any of them may be the one behind the requester.
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
    /// What `name` stands for, where it may stand for any of `found`.
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
