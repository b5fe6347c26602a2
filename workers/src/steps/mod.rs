//! The steps, one file each, and their registry.

mod trivial;

pub use trivial::Trivial;
