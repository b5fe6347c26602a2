//! The HTTP layer: routes, who may use them and how often, errors, and HTML pages. [`crate::queries`] computes the
//! answers.
//!
//! The files directly in this folder are used by all of its subfolders and depend on none of them.

pub(crate) mod access;
pub(crate) mod admission;
pub(crate) mod entrance;
pub(crate) mod html;
pub(crate) mod limits;
pub(crate) mod openapi;
pub(crate) mod origin;
pub(crate) mod problem;
pub(crate) mod problem_kind;
pub(crate) mod request;
pub(crate) mod routes;
pub(crate) mod state;
pub(crate) mod versions;
