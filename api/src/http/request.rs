//! Readers of bodies, queries and paths. An error names the field and how to fix it.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use waybill_shared::domain::admissible::{self, LONGEST_NAME, inadmissible};

use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;

/// The default limit for bodies from the network, in bytes.
pub(crate) const LARGEST: usize = 32 * 1024 * 1024;

/// The body, parsed as JSON.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = media_type(request.headers());
        if kind != "application/json" {
            let detail = format!("`{kind}` is not accepted here");
            return Err(Problem::new(
                ProblemKind::UnsupportedMedia,
                detail,
                "send application/json",
            ));
        }
        let bytes = bytes(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// Parses `bytes` as JSON.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if let Some(found) = inadmissible(bytes) {
        return Err(Problem::field(&found.field, found.what, "leave it out, or correct it"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let hint = "/v1/openapi.json shows what is expected";
    // Serde would accept a list and assign its values to the fields in order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::new(ProblemKind::Invalid, "the body is a list, not an object", hint));
    }
    let read: T = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner();
        if inner.is_syntax() || inner.is_eof() {
            return Problem::new(ProblemKind::Malformed, format!("the body: {inner}"), hint);
        }
        if path == "." {
            return Problem::new(ProblemKind::Invalid, format!("the body: {inner}"), hint);
        }
        Problem::field(&path, inner.to_string(), hint)
    })?;
    json.end().map_err(|error| {
        Problem::new(ProblemKind::Malformed, format!("the body: {error}"), hint)
    })?;
    Ok(read)
}

/// The body's media type without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = text.and_then(|text| text.split(';').next()).unwrap_or("without a type");
    kind.trim().to_ascii_lowercase()
}

pub(crate) async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            return too_large();
        }
        Problem::new(ProblemKind::Malformed, rejection.body_text(), "send it again")
    })
}

/// The answer to a body above the limit.
pub(crate) fn too_large() -> Problem {
    let hint = "send fewer rows in one request";
    Problem::new(ProblemKind::TooLarge, "the body is larger than the limit", hint)
}

/// The parameters in the URL's query.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let hint = "/v1/openapi.json lists the parameters";
        let wrong = |error: axum::extract::rejection::QueryRejection| {
            Problem::new(ProblemKind::Invalid, error.body_text(), hint)
        };
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        for (name, text) in pairs.map_err(wrong)?.0 {
            if let Some(what) = admissible::question(&text) {
                return Err(Problem::field(&name, what, hint));
            }
        }
        axum::extract::Query::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(wrong)
    }
}

/// The one variable part of the path.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let malformed = |detail| Problem::new(ProblemKind::Malformed, detail, "check the path");
        let path = path.map_err(|error| malformed(error.body_text()))?;
        match admissible::in_one_line(&path.0, LONGEST_NAME) {
            Some(what) => Err(malformed(format!("the path parameter {what}"))),
            None => Ok(Self(path.0)),
        }
    }
}
