//! The API over real HTTP, on a running `serve`.

mod access_log;
mod attacks;
mod bad_requests;
mod bounds;
mod entrance;
mod example;
mod markers;
mod ownership;
pub(crate) mod receiver;
mod remote;
mod roles;
mod siege;
pub(crate) mod surface;
mod tokens;
mod upload;
mod workbooks;
