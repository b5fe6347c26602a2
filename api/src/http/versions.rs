//! The version of a subject: sent as the `ETag` of an answer, and compared with the `If-Match` of a change.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;

/// An answer with `body`, and with the subject's version as its `ETag`.
pub(crate) fn versioned(version: i64, body: impl Serialize) -> Response {
    let mut response = axum::Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Refuses a change if `If-Match` names another version than the current one.
pub(crate) fn matches(headers: &HeaderMap, version: i64) -> Result<(), Problem> {
    let Some(asked) = headers.get(header::IF_MATCH) else { return Ok(()) };
    let text = asked.to_str().unwrap_or_default().trim();
    let is_there = version > 0;
    if (text == "*" && is_there)
        || text.split(',').any(|tag| tag.trim() == format!("\"{version}\""))
    {
        return Ok(());
    }
    let detail = format!("its version is {version}, not {text}");
    Err(Problem::new(ProblemKind::PreconditionFailed, detail, "read it again, and decide again"))
}
