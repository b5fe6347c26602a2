//! Flow control: how many jobs of a kind may run at once, and how fast they may start, for each key and across all
//! processes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A limit on the jobs of one kind, for each key by which they are counted. `None` means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many may run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// How many may start in a minute. Starts are evenly spaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
}

impl Limit {
    /// Checks the limit, and describes a problem for people.
    ///
    /// # Errors
    /// If it lets nothing through.
    pub fn check(&self) -> Result<(), String> {
        for (name, most) in [("concurrency", self.concurrency), ("per_minute", self.per_minute)] {
            if most == Some(0) {
                return Err(format!("limit.{name} is 0, which allows no requests"));
            }
        }
        Ok(())
    }

    /// The minimum time between the starts of two jobs of one key.
    #[must_use]
    pub fn spacing(&self) -> Duration {
        let minute = Duration::from_secs(60);
        self.per_minute.map_or(Duration::ZERO, |most| minute / most.max(1))
    }

    /// How many jobs of one key may run at once.
    #[must_use]
    pub fn at_once(&self) -> u32 {
        self.concurrency.unwrap_or(u32::MAX)
    }
}
