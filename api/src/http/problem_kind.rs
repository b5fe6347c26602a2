//! The kinds of problem that the API answers with.

use axum::http::StatusCode;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A kind of problem that the API answers with. Its name is the last part of the problem's `type` (RFC 9457), such as
/// `/problems/not_found`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum ProblemKind {
    /// The request cannot be parsed.
    Malformed,
    /// The request was parsed, but it breaks a rule.
    Invalid,
    /// The token is missing or not valid.
    Unauthorized,
    /// The account's role or scope does not allow this.
    Forbidden,
    /// The thing does not exist, or the caller may not see it.
    NotFound,
    /// The route does not support this method.
    MethodNotAllowed,
    /// The request took too long to arrive.
    Timeout,
    /// The request contradicts the current state.
    Conflict,
    /// The thing existed, but no longer does.
    Gone,
    /// The thing has changed since the client read it.
    PreconditionFailed,
    TooLarge,
    /// The service does not accept the body's media type.
    UnsupportedMedia,
    /// The request was understood and refused.
    Refused,
    /// The account sent too many requests, or too many at the same time.
    TooManyRequests,
    Internal,
    /// The service cannot answer at the moment.
    Unavailable,
    DiskFull,
}

impl ProblemKind {
    pub const ALL: &[Self] = Self::VARIANTS;

    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The HTTP status of an answer with this problem.
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

    /// The title, which is the same for every problem of this kind.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request cannot be read",
            Self::Invalid => "The request is not valid",
            Self::Unauthorized => "A valid token is needed",
            Self::Forbidden => "This account may not do that",
            Self::NotFound => "It does not exist",
            Self::MethodNotAllowed => "This method is not allowed here",
            Self::Timeout => "The request took too long to arrive",
            Self::Conflict => "The request conflicts with the present state",
            Self::Gone => "It does not exist any more",
            Self::PreconditionFailed => "It has changed since you read it",
            Self::TooLarge => "The body is too large",
            Self::UnsupportedMedia => "The body's type is not understood",
            Self::Refused => "The request was understood but refused",
            Self::TooManyRequests => "Too many requests",
            Self::Internal => "The service failed",
            Self::Unavailable => "The service cannot answer now",
            Self::DiskFull => "The service's disk is full",
        }
    }

    /// Whether the API description lists this problem for routes with this method.
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
