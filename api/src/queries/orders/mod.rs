//! Orders, and the arrivals expected under them.

pub(crate) mod arrivals;
pub(crate) mod list;
