//! What `watch` knows and does, apart from how it is drawn.

pub(super) mod data;
mod filter;
pub(super) mod keys;
pub(super) mod state;
