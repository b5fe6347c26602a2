//! The log as evidence: who did what and when, with the hash chain that proves that nothing was changed. It can be
//! verified without the database, even if bodies are omitted.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::domain::event::Event;
use crate::domain::kinds::{EventSubject, RecordKind};
use crate::domain::lot::Timestamp;
use crate::store::chain::{archived, digest_of, hex, link, sum_of, unhex};

/// An event, as it is part of the hash chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct Entry {
    /// The position in the log.
    pub position: i64,
    /// When it happened, in business time.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// The person or system that made the change.
    pub actor: String,
    /// What changed.
    pub subject: String,
    /// The number of the event within its subject, from 1.
    pub number: i64,
    /// What happened.
    pub kind: String,
    /// The subject after the event, as stored. Absent if it would reveal an address or data of a token, or if it has
    /// been archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// SHA-256 of the body. The hash chain contains this instead of the body.
    pub body_sha256: String,
}

/// A link of the hash chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditLink)]
pub struct Link {
    /// The last event that the link covers.
    pub position: i64,
    /// SHA-256 over the previous link and the events since then.
    pub hash: String,
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        let Event { position, at, actor, subject, number, kind, body } = event;
        let is_hidden = is_confidential(&subject);
        let body_sha256 = hex::encode(sum_of(&body));
        let is_elsewhere = archived(&body).is_some();
        let body = Some(body).filter(|_| !is_hidden && !is_elsewhere);
        Self { position, at, actor, subject, number, kind, body, body_sha256 }
    }
}

/// Whether audits omit the body of this subject's events.
fn is_confidential(subject: &str) -> bool {
    match EventSubject::of(subject) {
        EventSubject::Record(RecordKind::Stated, of) => is_confidential(of),
        EventSubject::Record(kind, _) => kind.is_confidential(),
        EventSubject::Lot
        | EventSubject::Line
        | EventSubject::Envelope(_)
        | EventSubject::Unknown => false,
    }
}

/// One line of an exported log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exported {
    Event(Entry),
    /// The link that covers the events since the previous link.
    Link(Link),
}

/// The result of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The number of events that a link covers.
    pub events: i64,
    pub links: i64,
    /// The number of events after the last link, which are not proven yet.
    pub unproven: i64,
    /// The hash of the last link. Whoever keeps it elsewhere can prove later that nothing before it was changed or cut
    /// off.
    pub head: String,
}

/// Why a log does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// An event is missing or repeated.
    #[error("event {found} follows event {after}")]
    Gap { found: i64, after: i64 },
    /// The body does not match the hash in the chain.
    #[error("the body of event {0} does not match its hash")]
    Body(i64),
    /// The events do not match the link.
    #[error("the chain breaks between event {from} and event {to}")]
    Broken {
        /// The last event that is proven.
        from: i64,
        /// The last event of the link that does not match.
        to: i64,
    },
    /// There is no link.
    #[error("there is no link, so nothing is proven")]
    Nothing,
    /// The log does not contain a link that was kept elsewhere, so the log was cut off or rewritten.
    #[error("the log has no link {0}: it was cut off before this link, or rewritten")]
    NoSuchLink(String),
    /// A link does not end where the given events end.
    #[error("a link covers events up to {link}, but {last} was the last one")]
    Misplaced {
        /// The link's last event.
        link: i64,
        /// The last event that was given.
        last: i64,
    },
}

/// Verifies a log line by line, from its first event.
#[derive(Debug)]
pub struct Verifier {
    hash: Sha256,
    last: i64,
    linked: i64,
    links: i64,
    head: String,
    /// A hash that must be among the links.
    wanted: Option<String>,
}

impl Default for Verifier {
    fn default() -> Self {
        let (head, wanted) = (String::new(), None);
        Self { hash: link(""), last: 0, linked: 0, links: 0, head, wanted }
    }
}

impl Verifier {
    /// A verifier that also requires `link` to be in the log.
    #[must_use]
    pub fn wanting(link: Option<String>) -> Self {
        Self { wanted: link, ..Self::default() }
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// [`AuditError`] if the line does not match what came before it.
    pub fn take(&mut self, line: &Exported) -> Result<(), AuditError> {
        match line {
            Exported::Event(event) => self.event(event),
            Exported::Link(found) => self.link(found),
        }
    }

    fn event(&mut self, event: &Entry) -> Result<(), AuditError> {
        if event.position != self.last + 1 {
            return Err(AuditError::Gap { found: event.position, after: self.last });
        }
        let body = event.body.as_ref().map(|body| hex(Sha256::new().chain_update(body)));
        let hash = unhex(&event.body_sha256).ok_or(AuditError::Body(event.position))?;
        if body.is_some_and(|body| body != event.body_sha256) {
            return Err(AuditError::Body(event.position));
        }
        let numbers = (event.position, event.at.timestamp_millis(), event.number);
        digest_of(&mut self.hash, numbers, (&event.actor, &event.subject, &event.kind), &hash);
        self.last = event.position;
        Ok(())
    }

    fn link(&mut self, found: &Link) -> Result<(), AuditError> {
        if found.position != self.last {
            return Err(AuditError::Misplaced { link: found.position, last: self.last });
        }
        let hash = std::mem::replace(&mut self.hash, link(&found.hash));
        if hex(hash) != found.hash {
            return Err(AuditError::Broken { from: self.linked, to: found.position });
        }
        (self.linked, self.links) = (found.position, self.links + 1);
        self.head.clone_from(&found.hash);
        self.wanted.take_if(|wanted| *wanted == found.hash);
        Ok(())
    }

    /// The result, at the end of the log.
    ///
    /// # Errors
    /// [`AuditError`] if nothing is proven, or the required link is missing.
    pub fn verified(self) -> Result<Verified, AuditError> {
        if self.links == 0 {
            return Err(AuditError::Nothing);
        }
        if let Some(wanted) = self.wanted {
            return Err(AuditError::NoSuchLink(wanted));
        }
        let unproven = self.last - self.linked;
        Ok(Verified { events: self.linked, links: self.links, unproven, head: self.head })
    }
}
