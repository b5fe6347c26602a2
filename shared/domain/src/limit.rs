//! Flow control: how many jobs of a kind may be under way at once, and how fast they may begin, for
//! each key, over all processes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A limit on the jobs of one kind, for each key they are counted by. Where nothing is given, nothing is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Under way at once, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Begun in a minute, at most; evenly spaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
}

impl Limit {
    /// What is wrong with it, for people.
    ///
    /// # Errors
    /// If it lets nothing through.
    pub fn check(&self) -> Result<(), String> {
        for (name, most) in [("concurrency", self.concurrency), ("per_minute", self.per_minute)] {
            if most == Some(0) {
                return Err(format!("limit.{name} is 0, which lets nothing through"));
            }
        }
        Ok(())
    }

    /// The least time between the begins of two jobs of one key.
    #[must_use]
    pub fn spacing(&self) -> Duration {
        let minute = Duration::from_secs(60);
        self.per_minute.map_or(Duration::ZERO, |most| minute / most.max(1))
    }

    /// Jobs of one key under way at once, at most.
    #[must_use]
    pub fn at_once(&self) -> u32 {
        self.concurrency.unwrap_or(u32::MAX)
    }
}
