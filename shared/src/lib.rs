//! What all parts of Waybill speak: the domain, the matcher, the store, the broker.
//!
//! Nothing in [`domain`] does I/O, reads a clock or is async.

pub mod domain;
pub mod store;
