//! Business time. Timeouts and leases never use it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use chrono::{TimeDelta, Utc};

use crate::domain::lot::Timestamp;

/// Business time: the machine's clock, or a virtual one that jumps from one due moment to the next.
#[derive(Debug, Clone)]
pub enum Clock {
    Real,
    /// Milliseconds since 1970 UTC, set by the scheduler.
    Virtual(Arc<AtomicI64>),
}

impl Clock {
    /// A virtual clock that begins at `start`.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self::Virtual(Arc::new(AtomicI64::new(start.timestamp_millis())))
    }

    /// The current time, truncated to milliseconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let millis = match self {
            Self::Real => Utc::now().timestamp_millis() + offset(),
            Self::Virtual(millis) => millis.load(Ordering::Acquire),
        };
        Timestamp::from_timestamp_millis(millis).unwrap_or(Timestamp::MAX_UTC)
    }

    #[must_use]
    pub fn is_virtual(&self) -> bool {
        matches!(self, Self::Virtual(_))
    }

    /// Moves a virtual clock forward, never back. A real clock is left alone.
    pub fn advance_to(&self, moment: Timestamp) {
        if let Self::Virtual(millis) = self {
            millis.fetch_max(moment.timestamp_millis(), Ordering::AcqRel);
        }
    }
}

/// For tests: names a file with the number of seconds by which the machine's clock is wrong.
pub const OFFSET_FILE: &str = "WAYBILL_CLOCK_OFFSET_FILE";

/// The simulated error of the machine's clock, in milliseconds.
fn offset() -> i64 {
    static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let Some(file) = FILE.get_or_init(|| std::env::var_os(OFFSET_FILE).map(PathBuf::from)) else {
        return 0;
    };
    let seconds = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok());
    seconds.unwrap_or(0_i64).saturating_mul(1_000)
}

/// Why a clock is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It is so far after the database's; negative: before it.
    #[error("this machine's clock is {} the database's", apart(*.0, "ahead of", "behind"))]
    Apart(TimeDelta),
    /// It has moved on by so much more than the machine has counted.
    #[error("the clock was set {}", apart(*.0, "ahead", "back"))]
    Stepped(TimeDelta),
    /// It is so far before a time that was known to be right.
    #[error("the clock is {} the last known time", apart(*.0, "ahead of", "behind"))]
    Behind(TimeDelta),
    /// It is so far after the last time that was known to be right, and the machine was started since.
    #[error("the clock is {} the last known time", apart(*.0, "ahead of", "behind"))]
    Gap(TimeDelta),
}

impl Doubt {
    /// The way out.
    #[must_use]
    pub fn mend(self) -> &'static str {
        match self {
            Self::Apart(_) => {
                "correct the clock that is wrong: `timedatectl set-ntp true` synchronizes it by NTP"
            }
            Self::Stepped(_) | Self::Behind(_) | Self::Gap(_) => {
                "correct the clock; if it is right already, confirm it: `waybill clock accept`"
            }
        }
    }
}

/// `2 h ahead of`.
pub(crate) fn apart(by: TimeDelta, ahead: &str, behind: &str) -> String {
    let seconds = by.num_seconds().abs();
    let long = match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", (seconds + 30) / 60),
        7_200..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        172_800.. => format!("{} days", (seconds + 43_200) / 86_400),
    };
    format!("{long} {}", if by < TimeDelta::zero() { behind } else { ahead })
}
