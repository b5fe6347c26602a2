//! The results of the doctor's checks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::causes::with_causes;
use waybill_shared::store::StoreError;

/// The health of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// Somebody should look at it.
    Warn,
    /// Something does not work.
    Bad,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// The checked thing, such as `store`.
    pub check: String,
    /// Its health.
    pub health: Health,
    /// What the check found.
    pub seen: String,
    /// How to fix it: a command, or what else to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Finding {
    #[must_use]
    pub fn ok(check: &str, seen: impl Into<String>) -> Self {
        Self { check: check.to_owned(), health: Health::Ok, seen: seen.into(), mend: None }
    }

    /// A finding that somebody should look at.
    #[must_use]
    pub fn warn(check: &str, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { health: Health::Warn, mend: Some(mend.into()), ..Self::ok(check, seen) }
    }

    /// A finding that something does not work.
    #[must_use]
    pub fn bad(check: &str, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { health: Health::Bad, mend: Some(mend.into()), ..Self::ok(check, seen) }
    }
}

/// The results of all checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// Whether no finding is bad.
    pub ok: bool,
    /// The results of the single checks.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    #[must_use]
    pub fn of(findings: Vec<Finding>) -> Self {
        Self { ok: findings.iter().all(|finding| finding.health < Health::Bad), findings }
    }
}

/// The hint if the database does not say what is wrong.
pub(super) const UNKNOWN: &str = "check the database and its log, then run `waybill check`";

/// The finding for a store that did not answer.
pub(super) fn unread(check: &str, error: &StoreError) -> Finding {
    let mend = error.cause().map_or(UNKNOWN, |cause| cause.mend);
    Finding::bad(check, with_causes(error), mend)
}

/// A duration in a single unit.
pub(super) fn long(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{} s", seconds.max(0)),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        172_800.. => format!("{} d", seconds / 86_400),
    }
}

/// A size, in the largest unit of which there are at least ten.
pub(super) fn bytes(size: i64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut size, mut unit) = (size.max(0), 0);
    while size >= 10 * 1024 && unit + 1 < UNITS.len() {
        size /= 1024;
        unit += 1;
    }
    format!("{size} {}", UNITS[unit])
}
