//! What a process says of itself: metrics, traces, and errors with their causes.

pub mod causes;
pub mod metrics;
pub mod trace;
