//! Business time. Liveness (timeouts, leases) never reads it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::Utc;

use crate::domain::lot::Timestamp;

/// Business time: the machine's, or a virtual one that jumps from one due moment to the next.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    Real,
    /// Milliseconds since 1970 UTC, set by the scheduler.
    Virtual(Arc<AtomicI64>),
}

impl Clock {
    /// A virtual clock that stands at `start`.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self::Virtual(Arc::new(AtomicI64::new(start.timestamp_millis())))
    }

    /// The moment it is, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let millis = match self {
            Self::Real => Utc::now().timestamp_millis(),
            Self::Virtual(millis) => millis.load(Ordering::Acquire),
        };
        Timestamp::from_timestamp_millis(millis).unwrap_or(Timestamp::MAX_UTC)
    }

    /// Whether time jumps.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        matches!(self, Self::Virtual(_))
    }

    /// Moves a virtual clock forward; never back, and never a real one.
    pub fn advance_to(&self, moment: Timestamp) {
        if let Self::Virtual(millis) = self {
            millis.fetch_max(moment.timestamp_millis(), Ordering::AcqRel);
        }
    }
}
