//! A pipeline is data: the ordered steps and what each needs.

use serde::{Deserialize, Serialize};

use super::lot::StepName;
use super::retry::RetryPolicy;

/// One step of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepConfig {
    /// The step's name, as registered.
    pub name: StepName,
    /// The longest one attempt may take, in seconds of real time.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u64,
    /// When failed attempts are repeated.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// Batches under way at once.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
}

fn default_timeout_s() -> u64 {
    60
}

fn default_concurrency() -> usize {
    2
}

/// The ordered steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The steps, in order.
    #[serde(rename = "step")]
    pub steps: Vec<StepConfig>,
}

impl Pipeline {
    /// A pipeline of these steps with default settings.
    #[must_use]
    pub fn of(names: &[&str]) -> Self {
        let step = |name: &&str| StepConfig {
            name: StepName::new(name),
            timeout_s: default_timeout_s(),
            retry: RetryPolicy::default(),
            concurrency: default_concurrency(),
        };
        Self { steps: names.iter().map(step).collect() }
    }

    /// The names of the steps, in order.
    #[must_use]
    pub fn names(&self) -> Vec<StepName> {
        self.steps.iter().map(|step| step.name.clone()).collect()
    }
}
