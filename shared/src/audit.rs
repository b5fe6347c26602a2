//! The log as evidence: who did what and when, with the hash chain that proves that nothing of it was
//! changed. It can be verified away from the database, even where bodies were left out.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::domain::event::Event;
use crate::domain::kinds::{EventSubject, RecordKind};
use crate::domain::lot::Timestamp;
use crate::store::chain::{archived, digest_of, hex, link, sum_of, unhex};

/// One event as it went into the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct Entry {
    /// Its place in the log.
    pub position: i64,
    /// When, in business time.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// The person or system whose act it was.
    pub actor: String,
    /// What changed.
    pub subject: String,
    /// The number within the subject, from 1.
    pub number: i64,
    /// What happened.
    pub kind: String,
    /// The subject after it, as stored; left out where it would say where somebody is, or what is
    /// kept of a token, and where it stands in an archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// SHA-256 of the body, which is what the chain holds of it.
    pub body_sha256: String,
}

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditLink)]
pub struct Link {
    /// The last event that it covers.
    pub position: i64,
    /// SHA-256 over the link before and the events since.
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

/// Whether the body of what happens to `subject` is in no audit.
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

/// A line of an exported log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exported {
    /// An event.
    Event(Entry),
    /// The link that covers the events since the link before.
    Link(Link),
}

/// What was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Events that a link covers.
    pub events: i64,
    /// Links.
    pub links: i64,
    /// Events after the last link, which are not proven yet.
    pub unproven: i64,
    /// The hash of the last link. Who keeps it elsewhere can prove later that nothing before it was
    /// changed or cut off.
    pub head: String,
}

/// Why a log does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// An event is missing, or stands twice.
    #[error("event {found} follows event {after}")]
    Gap {
        /// The event.
        found: i64,
        /// The one before it.
        after: i64,
    },
    /// A body is not the one of which the hash went into the chain.
    #[error("the body of event {0} is not the one that was hashed")]
    Body(i64),
    /// What is there is not what was linked.
    #[error("the chain breaks between event {from} and event {to}")]
    Broken {
        /// The last event that is proven.
        from: i64,
        /// The last one of the link that does not fit.
        to: i64,
    },
    /// There is no link.
    #[error("there is nothing that is proven")]
    Nothing,
    /// A link that was kept elsewhere is not in the log: it was cut off, or written anew.
    #[error("the log has no link {0}: it was cut off before it, or written anew")]
    NoSuchLink(String),
    /// A link does not end where the events do that were given.
    #[error("a link covers events up to {link}, but {last} was the last one")]
    Misplaced {
        /// The link's last event.
        link: i64,
        /// The last event that was given.
        last: i64,
    },
}

/// Verifies a log from its first event, a line after the other.
#[derive(Debug)]
pub struct Verifier {
    hash: Sha256,
    last: i64,
    linked: i64,
    links: i64,
    head: String,
    /// A hash that has to be among the links.
    wanted: Option<String>,
}

impl Default for Verifier {
    fn default() -> Self {
        let (head, wanted) = (String::new(), None);
        Self { hash: link(""), last: 0, linked: 0, links: 0, head, wanted }
    }
}

impl Verifier {
    /// One that also looks for a link that was kept elsewhere.
    #[must_use]
    pub fn wanting(link: Option<String>) -> Self {
        Self { wanted: link, ..Self::default() }
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// [`AuditError`] if it does not follow.
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

    /// What was verified, at the log's end.
    ///
    /// # Errors
    /// [`AuditError`] if nothing was, or a link that was kept elsewhere is not there.
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
