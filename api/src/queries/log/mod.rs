//! What the log tells as a whole, and how it grows.

pub(crate) mod feed;
pub(crate) mod growth;
