//! Answers that were given under an idempotency key.

use serde::{Deserialize, Serialize};

use super::lot::Timestamp;

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// SHA-256 of the request.
    pub request: String,
    /// The status.
    pub status: u16,
    /// The body's media type.
    pub content_type: Option<String>,
    /// The body.
    pub body: String,
    /// When.
    pub at: Timestamp,
}
