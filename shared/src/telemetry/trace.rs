//! The trace that work belongs to, as messages carry it: the `traceparent` of W3C Trace Context. The exporter of traces
//! registers how it is read and followed. Without an exporter there are no traces.

use std::sync::OnceLock;

use tracing::Span;

/// How traces are read and followed.
#[derive(Debug)]
pub struct Traces {
    /// The `traceparent` of the current span.
    pub current: fn() -> Option<String>,
    /// Makes the span a child of the one that a `traceparent` names.
    pub follow: fn(&Span, &str),
}

static TRACES: OnceLock<Traces> = OnceLock::new();

/// Registers how traces are handled. Only the first call has an effect.
pub fn carry(traces: Traces) {
    drop(TRACES.set(traces));
}

/// The `traceparent` of the current span.
pub(crate) fn current() -> Option<String> {
    TRACES.get().and_then(|traces| (traces.current)())
}

/// Makes the span a child of `parent`, if there is one.
pub fn follow(span: &Span, parent: Option<&str>) {
    if let (Some(traces), Some(parent)) = (TRACES.get(), parent) {
        (traces.follow)(span, parent);
    }
}
