//! Exports traces over OTLP if requested: protobuf over HTTP, to a collector nearby.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::failure::Failure;

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The header of W3C Trace Context.
const HEADER: &str = "traceparent";

/// Exports traces until it ends.
#[derive(Debug)]
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Exports to the collector at `url`, on `runtime`.
    pub(crate) fn to(url: &str, runtime: Handle) -> Result<Self, Failure> {
        if !url.starts_with("http://") {
            let message = format!("`{url}` is not the address of a collector");
            return Err(Failure::caller(message, "give it as http://host:4318"));
        }
        let client = Client {
            inner: Arc::new(HyperClient::with_default_connector(PATIENCE, None)),
            runtime,
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(format!("{}/v1/traces", url.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| {
                Failure::caller(format!("{url}: {error}"), "give it as http://host:4318")
            })?;
        let resource = Resource::builder().with_service_name("waybill").build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        waybill_shared::trace::carry(waybill_shared::trace::Traces { current, follow });
        Ok(Self(provider))
    }

    /// The layer that receives the spans of Waybill.
    pub(crate) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let is_ours = filter_fn(|data| data.is_span() && data.target().starts_with("waybill"));
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("waybill")).with_filter(is_ours)
    }

    /// Exports the remaining traces.
    pub(crate) fn end(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces were not exported");
        }
    }
}

/// The exporter has its own thread, outside the runtime that this HTTP client needs.
#[derive(Debug)]
struct Client {
    inner: Arc<HyperClient>,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.inner.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}

fn current() -> Option<String> {
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut headers);
    headers.remove(HEADER)
}

fn follow(span: &Span, parent: &str) {
    let headers = HashMap::from([(HEADER.to_owned(), parent.to_owned())]);
    // The parent can only be set on a span that is exported, so a failure does not matter.
    drop(span.set_parent(TraceContextPropagator::new().extract(&headers)));
}
