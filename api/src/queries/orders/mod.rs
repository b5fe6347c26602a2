//! Orders, and what is to come under them.

pub(crate) mod arrivals;
pub(crate) mod list;
