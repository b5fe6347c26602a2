//! What the log tells as a whole, and how it grows.

pub(crate) mod feed;
pub(crate) mod growth;
pub mod happened;
pub mod lead_times;
