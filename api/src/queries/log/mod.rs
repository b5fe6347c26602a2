//! Queries over the whole log, and its growth.

pub(crate) mod feed;
pub(crate) mod growth;
pub mod happened;
pub mod lead_times;
