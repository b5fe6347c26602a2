//! Secrets: how they are written.

pub mod text;

pub use text::Fault;
