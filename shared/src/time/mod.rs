//! Where the time comes from, and how long to wait before trying again.

pub mod backoff;
pub mod clock;
