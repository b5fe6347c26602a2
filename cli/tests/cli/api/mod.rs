//! The API over real HTTP, on a running `serve`.

mod attacks;
mod bad_requests;
mod entrance;
mod example;
mod extremes;
mod feed;
mod idempotency;
mod markers;
pub(crate) mod receiver;
mod remote;
mod roles;
mod surface;
mod upload;
mod walk;
mod webhooks;
