//! Secrets as text, and sealing of confidential data in the database.
//!
//! A value is sealed within its body, not the whole body. So everything that handles bodies (the log and its chain,
//! exports, backups, archives) works without a key. [`crate::engine::Engine::commit`] seals, so that nothing is written
//! in plain text by mistake. A value is opened only where it is used.

mod keys;
pub mod text;

pub use keys::{KeyFault, Keys, SealError};
pub use text::Fault;
