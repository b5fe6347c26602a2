//! The trace that work belongs to, as it travels in messages: the `traceparent` of W3C Trace
//! Context. Whoever exports traces says how it is read and followed; else there is none.

use std::sync::OnceLock;

use tracing::Span;

/// How traces are read and followed.
#[derive(Debug)]
pub struct Traces {
    /// The `traceparent` of the current span.
    pub current: fn() -> Option<String>,
    /// The span becomes a child of what a `traceparent` names.
    pub follow: fn(&Span, &str),
}

static TRACES: OnceLock<Traces> = OnceLock::new();

/// From now on work carries its trace; the first to say how is followed.
pub fn carry(traces: Traces) {
    drop(TRACES.set(traces));
}

/// The `traceparent` of the current span.
pub(crate) fn current() -> Option<String> {
    TRACES.get().and_then(|traces| (traces.current)())
}

/// The span becomes a child of `parent`, if there is one.
pub fn follow(span: &Span, parent: Option<&str>) {
    if let (Some(traces), Some(parent)) = (TRACES.get(), parent) {
        (traces.follow)(span, parent);
    }
}
