//! Secrets: how they are written, and how what is confidential is sealed in the database.
//!
//! Sealed is the value, not the body that it stands in: whatever handles bodies (the log and its chain, exports,
//! backups, archives) needs no key and goes on without one. [`crate::engine::Engine::commit`] seals, so that nothing is
//! written in plain text by an oversight; whoever needs a value opens it where it is used.

mod keys;
pub mod text;

pub use keys::{KeyFault, Keys, SealError};
pub use text::Fault;
