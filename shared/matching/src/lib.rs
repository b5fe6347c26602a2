//! Matches lots with donors. It is pure and deterministic, and each answer says why.
//!
//! [`solve`] goes through the lots by priority and funds each one that can be funded together with all lots funded
//! before it (`walk`, on `network`). It then chooses who pays (`payers`), and gives each lot its payments
//! (`shares`). If only a few donors may pay for one lot, `few` replaces the walk.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod binding;
mod eligibility;
pub mod explanation;
mod few;
mod instance;
pub mod keeps_away;
mod matched;
pub mod near;
mod network;
mod optimum;
mod payers;
pub mod plan;
mod problem;
pub mod roadmap;
mod round;
mod shares;
pub mod spelling;
mod together;
mod walk;
pub mod what_if;

pub use eligibility::{Wanted, WhyNot, eligible, funders, may_serve};
pub use instance::{Instance, InstanceError};
pub use matched::Matched;
pub use network::{Network, Shortfall};
pub use optimum::solve;
pub use problem::{Answer, Demand, Envelope, Parts, Payment, Policy, Problem, Solution, Unfunded};
pub use round::{Ask, Funds, Round, is_movable, needs_consent, quotes_for};
pub use together::Gathered;
