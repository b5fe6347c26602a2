//! Health, readiness and metrics, for operators. They answer at once even if a part of the service is down.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;
use waybill_shared::engine::Engine;
use waybill_shared::presence::Trouble;

use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::queries::service::gauges::Gauges;
use crate::queries::service::trouble::reasons;

/// The OpenMetrics text format.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds after which a client should ask again.
const RETRY_AFTER: &str = "5";

/// Whether a process can work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether the process can work.
    pub ready: bool,
    /// Why the process cannot work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Trouble>,
}

impl IntoResponse for Readiness {
    fn into_response(mut self) -> Response {
        // Anybody may call this, so the details, which are for operators, are removed.
        for reason in &mut self.reasons {
            (reason.detail, reason.mend) = (None, None);
        }
        if self.ready {
            return axum::Json(self).into_response();
        }
        let again = [(header::RETRY_AFTER, RETRY_AFTER)];
        (StatusCode::SERVICE_UNAVAILABLE, again, axum::Json(self)).into_response()
    }
}

/// The token that `/metrics` requires. Only a hash is stored, and comparing it takes the same time whatever is sent.
#[derive(Clone)]
pub struct MetricsToken([u8; 32]);

impl MetricsToken {
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Whether `headers` carry this token.
    fn is_in(&self, headers: &HeaderMap) -> bool {
        let text = headers.get(header::AUTHORIZATION).and_then(|header| header.to_str().ok());
        let Some((scheme, token)) = text.and_then(|text| text.split_once(' ')) else {
            return false;
        };
        let sent: [u8; 32] = Sha256::digest(token.trim()).into();
        scheme.eq_ignore_ascii_case("bearer") && bool::from(sent.ct_eq(&self.0))
    }
}

impl std::fmt::Debug for MetricsToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetricsToken").finish_non_exhaustive()
    }
}

/// The routes `/health/live`, `/health/ready` and `/metrics`. If `token` is given, `/metrics` requires it.
pub fn health(engine: Engine, token: Option<MetricsToken>) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Probes { engine, gauges: Arc::default(), token })
}

#[derive(Clone)]
struct Probes {
    engine: Engine,
    gauges: Arc<Gauges>,
    token: Option<MetricsToken>,
}

async fn ready(State(probes): State<Probes>) -> Response {
    let reasons = reasons(&probes.engine).await;
    Readiness { ready: reasons.is_empty(), reasons }.into_response()
}

async fn metrics(
    State(Probes { engine, gauges, token }): State<Probes>,
    headers: HeaderMap,
) -> Response {
    if token.is_some_and(|token| !token.is_in(&headers)) {
        let hint = "send `Authorization: Bearer TOKEN` with the token of --metrics-token-file";
        return Problem::new(ProblemKind::Unauthorized, "the metrics require a token", hint)
            .into_response();
    }
    let (gauges, backlog) = gauges.look(&engine).await;
    match engine.metrics.text(&backlog, &gauges) {
        Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
