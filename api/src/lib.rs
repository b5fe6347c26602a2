//! The service's HTTP surface: the routes that the command line speaks to, over the socket of
//! `serve` or in its own process.

mod error;
mod health;
mod plan;
mod routes;
mod timeline;
mod why;

pub use error::{DISK_FULL, Problem};
pub use health::health;
pub use plan::{PlanRequest, Planned};
pub use routes::{ImportCoalition, ImportLines, router};
pub use timeline::{Entry, Shown};
pub use why::Why;
