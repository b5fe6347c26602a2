//! Tracks each subject's last event and verifies the hash chain while the log is read. Lots and lines are stored by
//! number, because a million of each already take some hundred megabytes.

use std::collections::HashMap;

use sha2::Sha256;

use crate::domain::ids::{LineId, LotId};
use crate::store::chain::{digest, hex, link};
use crate::store::row::{EventRow, LinkRow};

/// A subject in its most compact form.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Name {
    Lot(i64),
    Line(i64),
    Other(Box<str>),
}

impl Name {
    fn of(subject: &str) -> Self {
        // Parsing accepts several spellings of an id. Only the canonical one is this subject.
        if let Ok(lot) = subject.parse::<LotId>()
            && lot.to_string() == subject
        {
            return Self::Lot(lot.0);
        }
        if let Ok(line) = subject.parse::<LineId>()
            && line.to_string() == subject
        {
            return Self::Line(line.0);
        }
        Self::Other(subject.into())
    }
}

/// The log as far as it was read.
#[derive(Debug)]
pub(super) struct Trail {
    /// Number and position of each subject's last event.
    last: HashMap<Name, (i64, i64)>,
    position: i64,
    linked: i64,
    hash: Sha256,
    head: String,
}

impl Default for Trail {
    fn default() -> Self {
        let (last, head) = (HashMap::new(), String::new());
        Self { last, position: 0, linked: 0, hash: link(""), head }
    }
}

impl Trail {
    /// Takes the next event, and sets the position of its previous one. Fails if the event does not fit.
    pub(super) fn event(&mut self, event: &mut EventRow) -> Result<(), String> {
        let EventRow { position, at, actor, subject, number, kind, body, .. } = &*event;
        if *position != self.position + 1 {
            return Err(format!("event {position} follows event {}", self.position));
        }
        digest(&mut self.hash, (*position, *at, *number), (actor, subject, kind, body));
        self.position = *position;
        let now = (*number, *position);
        let before = self.last.insert(Name::of(subject), now).unwrap_or_default();
        if *number != before.0 + 1 {
            return Err(format!("event {number} of {subject} follows its event {}", before.0));
        }
        event.previous = before.1;
        Ok(())
    }

    /// Takes the next link, and sets where it begins. Fails if the hash does not match.
    pub(super) fn link(&mut self, found: &mut LinkRow) -> Result<(), String> {
        if found.position != self.position {
            let LinkRow { position, .. } = found;
            return Err(format!(
                "a link covers events up to {position}, but the last event is {}",
                self.position
            ));
        }
        let hash = std::mem::replace(&mut self.hash, link(&found.hash));
        if hex(hash) != found.hash {
            let (from, to) = (self.linked, found.position);
            return Err(format!("the hash chain breaks between event {from} and event {to}"));
        }
        found.after = std::mem::replace(&mut self.linked, found.position);
        self.head.clone_from(&found.hash);
        Ok(())
    }

    /// The position of the event that gave the subject this version.
    pub(super) fn at(&self, name: &Subject<'_>, version: i64) -> Result<i64, String> {
        let found = match name {
            Subject::Lot(id) => self.last.get(&Name::Lot(*id)),
            Subject::Line(id) => self.last.get(&Name::Line(*id)),
            Subject::Other(kind, id) => self.last.get(&Name::of(&format!("{kind}:{id}"))),
        };
        match found {
            Some((number, position)) if *number == version => Ok(*position),
            Some((number, _)) => Err(format!(
                "{name} is at version {version}, but its last event has number {number}"
            )),
            None => Err(format!("the log has no event of {name}")),
        }
    }

    /// The last position and the last link's hash. Call it at the end of the log; it fails if events are not covered by
    /// a link.
    pub(super) fn end(&self) -> Result<(i64, &str), String> {
        if self.linked < self.position {
            return Err(format!("no link covers the events after position {}", self.linked));
        }
        Ok((self.position, &self.head))
    }
}

/// The subject of a row.
#[derive(Debug)]
pub(super) enum Subject<'a> {
    Lot(i64),
    Line(i64),
    Other(&'a str, &'a str),
}

impl std::fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lot(id) => LotId(*id).fmt(f),
            Self::Line(id) => LineId(*id).fmt(f),
            Self::Other(kind, id) => write!(f, "{kind}:{id}"),
        }
    }
}
