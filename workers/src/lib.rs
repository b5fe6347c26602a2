//! Workers: the runner takes what is due and runs its step.

mod runner;
mod step;
pub mod steps;

pub use runner::run_step;
pub use step::{Progress, Step, StepError};
