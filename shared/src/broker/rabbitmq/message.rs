//! Messages: numbers of lots or jobs, with a schema version in the headers.

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};

use crate::domain::kinds::StepKind;
use crate::trace;

/// The version of the message format.
const SCHEMA: i32 = 1;

const SCHEMA_HEADER: &str = "waybill-schema";

/// AMQP's persistent delivery mode: the message survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// The maximum number of hints in a message.
pub(super) const HINTS: usize = 64;

/// The same for jobs, which a worker runs one after the other.
const JOBS: usize = 8;

/// The maximum number of hints in a message for this queue.
pub(super) fn hints(queue: &str) -> usize {
    if StepKind::named(queue).is_some() { HINTS } else { JOBS }
}

/// The header with the trace, see W3C Trace Context.
const TRACE_HEADER: &str = "traceparent";

pub(super) fn properties() -> BasicProperties {
    let mut headers = FieldTable::default();
    if let Some(trace) = trace::current() {
        headers.insert(TRACE_HEADER.into(), AMQPValue::LongString(trace.into()));
    }
    headers.insert(SCHEMA_HEADER.into(), AMQPValue::LongInt(SCHEMA));
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_headers(headers)
}

pub(super) fn body(ids: &[i64]) -> Vec<u8> {
    serde_json::Value::from(ids).to_string().into_bytes()
}

/// The trace that a message belongs to.
pub(super) fn trace(delivery: &Delivery) -> Option<String> {
    let headers = delivery.properties.headers().as_ref()?;
    match headers.inner().get(TRACE_HEADER)? {
        AMQPValue::LongString(trace) => Some(trace.to_string()),
        _ => None,
    }
}

/// The numbers in a message; `None` if this version cannot read it.
pub(super) fn ids(delivery: &Delivery) -> Option<Vec<i64>> {
    let headers = delivery.properties.headers().as_ref()?;
    let schema = headers.inner().get(SCHEMA_HEADER)?;
    if *schema != AMQPValue::LongInt(SCHEMA) {
        return None;
    }
    serde_json::from_slice(&delivery.data).ok()
}
