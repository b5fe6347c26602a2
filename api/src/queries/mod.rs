//! Answers: what is asked of the store, and put into views. They know nothing of who asks, or how: no HTTP.
//!
//! What lies directly in this folder is what all questions have in common; it knows none of them.

pub(crate) mod cursor;
pub(crate) mod doctor;
pub(crate) mod effects;
pub(crate) mod error;
pub(crate) mod few;
pub(crate) mod log;
pub(crate) mod lots;
pub(crate) mod money;
pub(crate) mod near;
pub(crate) mod orders;
pub(crate) mod past;
pub(crate) mod reports;
pub(crate) mod service;
pub(crate) mod show;
pub(crate) mod todo;
