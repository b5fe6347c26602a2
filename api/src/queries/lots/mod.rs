//! Lots and their lines: listings, where each is and why, and what is parked.

pub(crate) mod incidents;
pub(crate) mod lines;
pub(crate) mod list;
pub(crate) mod subject;
pub(crate) mod timeline;
pub(crate) mod why;
