//! The log of events, from which both ledgers and every status can be rebuilt.

use serde::{Deserialize, Serialize};

use super::lot::Timestamp;

/// One change, appended in the transaction of that change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The global position. Feeds and audits read in this order.
    pub position: i64,
    /// Business time.
    pub at: Timestamp,
    /// The person or system that made the change.
    pub actor: String,
    /// The printed id of what changed.
    pub subject: String,
    /// The number within the subject, from 1 and without gaps.
    pub number: i64,
    /// What happened, such as `lot.matched`.
    pub kind: String,
    /// The subject after the change, with the reason.
    pub body: String,
}
