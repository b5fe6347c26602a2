//! When a failed attempt is repeated: exponential backoff with full jitter, up to a limit.
//!
//! Full jitter draws each delay evenly between zero and the exponential bound. See M. Brooker, "Exponential Backoff
//! And Jitter", AWS Architecture Blog, 2015.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often a step's failed attempts are repeated, and how far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// The number of attempts, including the first. After the last one the lot is parked.
    pub attempts: u32,
    /// The bound of the first delay, in seconds. It doubles with each attempt.
    pub base_s: u64,
    /// The maximum of all bounds, in seconds.
    pub cap_s: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 8, base_s: 2, cap_s: 3600 }
    }
}

impl RetryPolicy {
    /// The delay before the next attempt, after `attempt` attempts. `None` if that was the last one. `draw` is any
    /// evenly distributed number. The caller draws it, so that this function stays pure.
    #[must_use]
    pub fn delay(self, attempt: u32, draw: u64) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(32);
        let bound_ms =
            self.base_s.saturating_mul(1000).saturating_mul(1 << doublings).min(self.cap_s * 1000);
        Some(Duration::from_millis(draw % (bound_ms + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_delay_stays_below_its_bound_and_attempts_end(attempt in 1_u32..100, draw: u64) {
            let policy = RetryPolicy { attempts: 10, base_s: 1, cap_s: 60 };
            match policy.delay(attempt, draw) {
                None => prop_assert!(attempt >= 10),
                Some(delay) => {
                    prop_assert!(attempt < 10);
                    let bound = Duration::from_secs((1 << (attempt - 1)).min(60));
                    prop_assert!(delay <= bound);
                }
            }
        }
    }
}
