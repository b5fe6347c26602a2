//! Every kind of problem that the API answers with.

use axum::http::StatusCode;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A kind of problem: its name is the end of its `type` (RFC 9457), such as `/problems/not_found`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum ProblemKind {
    /// The request cannot be read.
    Malformed,
    /// The request can be read and breaks a rule.
    Invalid,
    /// There is no token, or none that holds.
    Unauthorized,
    /// The account may not do that.
    Forbidden,
    /// There is no such thing, or none that the account may see.
    NotFound,
    /// The route has no such method.
    MethodNotAllowed,
    /// The request took too long to arrive.
    Timeout,
    /// It does not fit what is there.
    Conflict,
    /// It was there, and is not any more.
    Gone,
    /// It has changed since it was read.
    PreconditionFailed,
    /// The body is too large.
    TooLarge,
    /// The body's type is not understood.
    UnsupportedMedia,
    /// It was understood and refused.
    Refused,
    /// It was asked too often, or for too much at once.
    TooManyRequests,
    /// Something failed inside the service.
    Internal,
    /// The service cannot answer now.
    Unavailable,
    /// The service's disk is full.
    DiskFull,
}

impl ProblemKind {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The kind that `name` names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The status of an answer that is one.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Invalid | Self::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Gone => StatusCode::GONE,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    /// Its title, which is the same each time.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request cannot be read",
            Self::Invalid => "The request is not valid",
            Self::Unauthorized => "A valid token is needed",
            Self::Forbidden => "This account may not do that",
            Self::NotFound => "There is no such thing",
            Self::MethodNotAllowed => "This cannot be done with it",
            Self::Timeout => "The request took too long to arrive",
            Self::Conflict => "It does not fit what is there",
            Self::Gone => "It is not there any more",
            Self::PreconditionFailed => "It has changed since it was read",
            Self::TooLarge => "The body is too large",
            Self::UnsupportedMedia => "The body's type is not understood",
            Self::Refused => "It was understood and refused",
            Self::TooManyRequests => "Too many requests",
            Self::Internal => "Something failed here",
            Self::Unavailable => "The service cannot answer now",
            Self::DiskFull => "The service's disk is full",
        }
    }

    /// Whether routes of this method answer with it, as far as their description says.
    pub(crate) fn answers(self, method: &str) -> bool {
        match self {
            Self::MethodNotAllowed => false,
            Self::PreconditionFailed => ["PUT", "PATCH"].contains(&method),
            Self::Conflict | Self::TooLarge | Self::UnsupportedMedia => method != "GET",
            Self::Malformed
            | Self::Invalid
            | Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::Timeout
            | Self::Gone
            | Self::Refused
            | Self::TooManyRequests
            | Self::Internal
            | Self::Unavailable
            | Self::DiskFull => true,
        }
    }
}
