//! Health, readiness and metrics, for whoever runs the service.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use waybill_shared::engine::Engine;

/// The OpenMetrics text format.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `/health/live`, `/health/ready` and `/metrics`.
pub fn health(engine: Engine) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(engine)
}

/// Ready while the store answers and hints flow.
async fn ready(State(engine): State<Engine>) -> Response {
    match engine.store.generation().await {
        Ok(_) if !engine.broker.is_ready() => {
            (StatusCode::SERVICE_UNAVAILABLE, "the broker is not connected\n").into_response()
        }
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response()
        }
    }
}

async fn metrics(State(engine): State<Engine>) -> Response {
    // Without the store the rest still tells something.
    let backlog = engine.store.backlog(engine.clock.now()).await.unwrap_or_default();
    match engine.metrics.text(&backlog) {
        Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
