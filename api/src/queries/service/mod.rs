//! The service itself: whether it works, what it measures, and what its calendar brings.

pub(crate) mod calendar;
pub(crate) mod clock;
pub(crate) mod gauges;
pub(crate) mod status;
pub(crate) mod trouble;
