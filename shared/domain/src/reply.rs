//! Stored answers to requests with an idempotency key.

use serde::{Deserialize, Serialize};

use super::lot::Timestamp;

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// SHA-256 of the request.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The body's media type.
    pub content_type: Option<String>,
    pub body: String,
    pub at: Timestamp,
}
