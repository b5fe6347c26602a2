//! The service itself: whether it works, its metrics, and its calendar.

pub(crate) mod calendar;
pub(crate) mod clock;
pub(crate) mod gauges;
pub(crate) mod status;
pub(crate) mod trouble;
