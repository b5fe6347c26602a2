//! Errors as `application/problem+json` (RFC 9457).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use waybill_shared::act::ActError;
use waybill_shared::intake::IntakeError;
use waybill_shared::store::StoreError;

/// What went wrong, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable name, such as `not_found`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong.
    pub title: String,
    /// The way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// The caller's mistake.
    #[must_use]
    pub fn new(status: StatusCode, kind: &str, title: impl Into<String>, hint: &str) -> Self {
        let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
        Self { kind: kind.to_owned(), status: status.as_u16(), title: title.into(), hint }
    }

    fn ours(error: &dyn std::error::Error) -> Self {
        let mut title = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            title = format!("{title}: {error}");
            source = error.source();
        }
        tracing::error!(error = title, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", title, "run `waybill check`")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = serde_json::to_string(&self).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

/// The way out of a full disk.
pub const DISK_FULL: &str = "the disk may be full: free some space and try again";

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let mut problem = Self::ours(&error);
        if error.is_disk_full() {
            problem.hint = Some(DISK_FULL.to_owned());
        }
        problem
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Store(error) => error.into(),
            ActError::Invalid(text) => Self::new(StatusCode::BAD_REQUEST, "invalid", text, ""),
            other => Self::ours(&other),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Store(error) => error.into(),
            IntakeError::Refused(rule) => {
                Self::new(StatusCode::CONFLICT, "refused", rule, "nothing was changed")
            }
            IntakeError::Conflict => {
                let title = "others keep changing the same lines";
                Self::new(StatusCode::CONFLICT, "conflict", title, "try again")
            }
        }
    }
}
