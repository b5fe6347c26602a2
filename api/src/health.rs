//! Health, readiness and metrics, for whoever runs the service. What is down is said at once: none of them waits for it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;
use waybill_shared::engine::Engine;
use waybill_shared::presence::Trouble;

use crate::gauges::Gauges;

/// The OpenMetrics text format.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_millis(700);

/// Whether a process can work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether it can.
    pub ready: bool,
    /// Why it cannot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Trouble>,
}

/// `/health/live`, `/health/ready` and `/metrics`.
pub fn health(engine: Engine) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Probes { engine, gauges: Arc::default() })
}

#[derive(Clone)]
struct Probes {
    engine: Engine,
    gauges: Arc<Gauges>,
}

/// What keeps this process from working.
pub(crate) async fn reasons(engine: &Engine) -> Vec<Trouble> {
    let mut reasons = Vec::new();
    match timeout(PATIENCE, engine.store.generation()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            reasons.push(Trouble::new("store", "the store does not answer"));
        }
        Err(_) => reasons.push(Trouble::new("store", "the store does not answer in time")),
    }
    if let Some(trouble) = engine.broker.trouble() {
        reasons.push(Trouble::new("broker", trouble));
    }
    if let Some(doubt) = engine.doubt() {
        reasons.push(Trouble::new("clock", doubt));
    }
    // What the way of work has met since.
    let met = engine.vitals.troubles().into_iter();
    let met: Vec<Trouble> =
        met.filter(|met| reasons.iter().all(|told| told.part != met.part)).collect();
    reasons.extend(met);
    reasons
}

async fn ready(State(probes): State<Probes>) -> Response {
    let mut reasons = reasons(&probes.engine).await;
    // Anybody may ask; what parts say of themselves is for operators.
    reasons.iter_mut().for_each(|reason| reason.detail = None);
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(Readiness { ready, reasons })).into_response()
}

async fn metrics(State(Probes { engine, gauges }): State<Probes>) -> Response {
    let (gauges, backlog) = gauges.look(&engine).await;
    match engine.metrics.text(&backlog, &gauges) {
        Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
