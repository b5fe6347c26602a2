//! Traces, as a collector receives them.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use waybill_services::{Postgres, RabbitMq};

use crate::cluster::World;
use crate::support::{SOON, eventually, run};

/// Spans that were exported.
type Spans = Arc<Mutex<Vec<Span>>>;

/// A collector on a free port; gives its address.
async fn collect(spans: Spans) -> Result<String> {
    let takes = move |body: Bytes| async move {
        let Ok(request) = ExportTraceServiceRequest::decode(body) else {
            return StatusCode::BAD_REQUEST;
        };
        let scopes = request.resource_spans.into_iter().flat_map(|spans| spans.scope_spans);
        let mut all = spans.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(scopes.flat_map(|scope| scope.spans));
        StatusCode::OK
    };
    let routes = Router::new().route("/v1/traces", post(takes));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}

#[test]
fn a_trace_goes_from_the_scheduler_through_the_broker_to_workers() -> Result<()> {
    let (store, broker) = (Postgres::start()?, RabbitMq::start()?);
    let mut world = World::new(&store, broker.fresh()?)?;
    let spans = Spans::default();
    let address = world.block_on(collect(spans.clone()))?;
    world.set("WAYBILL_OTLP", address);
    world.run()?;
    world.ends()?;
    eventually("a step's span is a child of the one that published its hint", SOON, || {
        let all = spans.lock().unwrap_or_else(PoisonError::into_inner);
        let is_child = |step: &Span| {
            let is_parent = |span: &&Span| {
                span.name == "publish"
                    && span.trace_id == step.trace_id
                    && span.span_id == step.parent_span_id
            };
            let has_part = |name: &str| {
                all.iter().any(|span| span.name == name && span.parent_span_id == step.span_id)
            };
            let parts = ["claim", "run", "commit"].into_iter().all(has_part);
            step.name == "step" && parts && all.iter().any(|span| is_parent(&span))
        };
        Ok(all.iter().any(is_child).then_some(()))
    })?;
    ensure!(!world.log("worker 1").contains("traces were not"), "{}", world.log("worker 1"));
    Ok(())
}

#[test]
fn a_collector_that_cannot_be_is_refused() -> Result<()> {
    let said = run(&["serve", "--otlp", "https://collector:4318"])?;
    said.failed(1, &["https://collector:4318", "http://host:4318"])?;
    Ok(())
}
