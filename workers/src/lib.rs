//! Workers. The runner takes what is due and runs its step, job handlers do what jobs ask for, and
//! connectors reach the outside.

pub mod commands;
pub mod connectors;
pub mod documents;
mod funding;
mod healed;
pub mod jobs;
mod leases;
mod order_changes;
mod orders;
mod remark;
mod step;
pub mod steps;
mod terms;
mod touched;
mod wanted;
pub mod webhooks;
mod windows;

pub use healed::{Heal, healed};
pub use leases::keep_leases;
pub use step::{Progress, Step, StepError};
pub use steps::run_step;
pub use terms::{Payable, cost, payable};
pub use touched::touched;
