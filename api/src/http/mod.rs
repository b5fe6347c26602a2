//! The HTTP surface: routes, who may use them and how often, errors, pages. What is answered is in [`crate::queries`].
//!
//! What lies directly in this folder is what all of its folders have in common; it knows none of them.

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
