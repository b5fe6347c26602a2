//! The log of events, from which both ledgers and every status can be rebuilt.

use serde::{Deserialize, Serialize};

use super::lot::Timestamp;

/// One change, as appended in its own transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The global position; the order in which feeds and audits read.
    pub position: i64,
    /// Business time.
    pub at: Timestamp,
    /// The person or system whose act it was.
    pub actor: String,
    /// What changed, by its printed id.
    pub subject: String,
    /// The number within the subject, from 1, without gaps.
    pub number: i64,
    /// What happened, such as `lot.matched`.
    pub kind: String,
    /// The subject after the change, with the reason.
    pub body: String,
}
