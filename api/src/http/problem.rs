//! Errors as `application/problem+json` (RFC 9457).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::causes::with_causes;
use waybill_shared::import::FieldError;
use waybill_shared::intake::IntakeError;
use waybill_shared::job::JobError;
use waybill_shared::line_name::Ambiguous;
use waybill_shared::sealing::SealError;
use waybill_shared::store::StoreError;

use crate::http::problem_kind::ProblemKind;
use crate::queries::error::{ARCHIVED, DISK_FULL, LACKING, QueryError};

/// One error in a request, or in a file that the request contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wrong {
    /// The row, counted from 1, if the request has rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// The field, such as `lines[0].quantity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The value as given, cut to 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is wrong.
    pub detail: String,
    /// How to fix it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&FieldError> for Wrong {
    fn from(error: &FieldError) -> Self {
        Self {
            row: error.row,
            field: error.field.clone(),
            value: error.value.clone(),
            detail: error.what.clone(),
            hint: Some(error.hint.clone()).filter(|hint| !hint.is_empty()),
        }
    }
}

/// An error answer: what went wrong, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A stable reference to the kind of problem, such as `/problems/not_found`.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not_found")]
    pub kind: String,
    /// The kind of problem, in words.
    #[schema(value_type = String)]
    pub title: Box<str>,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What went wrong in this case.
    pub detail: String,
    /// How to fix it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Every single error, if there can be several.
    #[serde(default, skip_serializing_if = "<[Wrong]>::is_empty")]
    #[schema(value_type = Vec<Wrong>)]
    pub errors: Box<[Wrong]>,
    /// How many seconds to wait before trying again. The same value is in the `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

impl Problem {
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>, hint: &str) -> Self {
        Self {
            kind: format!("/problems/{kind}"),
            title: kind.title().into(),
            status: kind.status().as_u16(),
            detail: detail.into(),
            hint: Some(hint.to_owned()).filter(|hint| !hint.is_empty()),
            errors: Box::default(),
            retry_after: None,
        }
    }

    /// Adds the list of single errors.
    #[must_use]
    pub fn with(self, errors: Vec<Wrong>) -> Self {
        Self { errors: errors.into(), ..self }
    }

    /// A problem with one field of the request.
    #[must_use]
    pub fn field(field: &str, detail: impl Into<String>, hint: &str) -> Self {
        let detail = detail.into();
        let wrong = Wrong {
            row: None,
            field: Some(field.to_owned()),
            value: None,
            detail: detail.clone(),
            hint: None,
        };
        Self::new(ProblemKind::Invalid, format!("`{field}`: {detail}"), hint).with(vec![wrong])
    }

    /// The answer when no `what` has this id, or when the caller may not see it.
    #[must_use]
    pub fn unknown(what: &str, id: &str) -> Self {
        Self::new(
            ProblemKind::NotFound,
            format!("no {what} `{id}`"),
            "check the id, and what you may see",
        )
    }

    /// The answer when several requesters use this id for one of their lines.
    #[must_use]
    pub fn ambiguous(name: &Ambiguous) -> Self {
        let detail = format!("several things have the name `{}`", name.name);
        Self::new(ProblemKind::Refused, detail, &format!("name one of {}", name.lines.join(", ")))
    }

    fn ours(error: &dyn std::error::Error) -> Self {
        let text = with_causes(error);
        tracing::error!(error = text, "a request failed");
        Self::new(ProblemKind::Internal, text, "run `waybill check`")
    }

    /// What clients are told about an internal failure. The cause goes only to the service's log.
    #[must_use]
    pub(crate) fn inside() -> Self {
        let hint = "try again, or ask the service's operator";
        Self::new(
            ProblemKind::Internal,
            "the request failed because of an error in the service",
            hint,
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = axum::http::HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Invalid(text) => Self::new(ProblemKind::Invalid, text, ""),
            QueryError::Field { field, detail, hint } => Self::field(field, detail, &hint),
            QueryError::Unknown { detail, hint } => Self::new(ProblemKind::NotFound, detail, &hint),
            QueryError::Ambiguous(name) => Self::ambiguous(&name),
            QueryError::Gone { detail, hint } => Self::new(ProblemKind::Gone, detail, &hint),
            QueryError::Money(error) => Self::new(ProblemKind::Refused, error.to_string(), ""),
            QueryError::DayInUse => {
                let detail = "another past day is being rebuilt from the log";
                Self::new(ProblemKind::TooManyRequests, detail, "try again when it is finished")
            }
            QueryError::NoRoom => {
                let detail = "there is no disk space to rebuild that day";
                Self::new(ProblemKind::Unavailable, detail, "try again")
            }
            QueryError::DayLost => {
                let detail = "that day cannot be rebuilt";
                Self::new(ProblemKind::Internal, detail, "run `waybill check`")
            }
            QueryError::Store(error) => error.into(),
        }
    }
}

impl From<waybill_shared::domain::rules::Wrong> for Problem {
    fn from(wrong: waybill_shared::domain::rules::Wrong) -> Self {
        Self::field(wrong.field, wrong.what, wrong.hint)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if let StoreError::Clock(doubt) = &error {
            let mut problem = Self::new(ProblemKind::Unavailable, error.to_string(), doubt.mend());
            problem.retry_after = Some(5);
            return problem;
        }
        if matches!(error, StoreError::Archived { .. }) {
            return Self::new(ProblemKind::Gone, error.to_string(), ARCHIVED);
        }
        if matches!(error, StoreError::Seal(SealError::Lacking { .. })) {
            return Self::new(ProblemKind::Unavailable, error.to_string(), LACKING);
        }
        if matches!(error, StoreError::Moved { .. }) {
            return Self::new(
                ProblemKind::Unavailable,
                "the service's files are gone: the service stops",
                "try again later",
            );
        }
        let problem = Self::ours(&error);
        if error.is_disk_full() {
            return Self::new(ProblemKind::DiskFull, "nothing could be written", DISK_FULL);
        }
        if error.is_passing() {
            let detail = "the database cannot be used at the moment";
            let mut problem = Self::new(
                ProblemKind::Unavailable,
                detail,
                "try again; `waybill doctor` shows why",
            );
            problem.retry_after = Some(2);
            return problem;
        }
        problem
    }
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Store(error) => error.into(),
            JobError::Invalid(text) => Self::new(ProblemKind::Refused, text, ""),
            other => Self::ours(&other),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Store(error) => error.into(),
            IntakeError::Refused(rule) => {
                Self::new(ProblemKind::Refused, rule, "nothing was changed")
            }
            IntakeError::Conflict => Self::new(
                ProblemKind::Conflict,
                "other requests keep changing the same lines",
                "try again",
            ),
        }
    }
}
