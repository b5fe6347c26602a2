//! What the doctor says of each thing that it looks at.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::causes::with_causes;
use waybill_shared::store::StoreError;

/// How it stands with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// Somebody should look.
    Warn,
    /// Something does not work.
    Bad,
}

/// What was seen of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// What was looked at, such as `store`.
    pub check: String,
    /// How it stands with it.
    pub health: Health,
    /// What was seen.
    pub seen: String,
    /// The mend: a command, or what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Finding {
    /// It is as it should be.
    #[must_use]
    pub fn ok(check: &str, seen: impl Into<String>) -> Self {
        Self { check: check.to_owned(), health: Health::Ok, seen: seen.into(), mend: None }
    }

    /// Somebody should look.
    #[must_use]
    pub fn warn(check: &str, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { health: Health::Warn, mend: Some(mend.into()), ..Self::ok(check, seen) }
    }

    /// Something does not work.
    #[must_use]
    pub fn bad(check: &str, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { health: Health::Bad, mend: Some(mend.into()), ..Self::ok(check, seen) }
    }
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// Whether nothing is bad.
    pub ok: bool,
    /// What was seen, one by one.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// What follows from `findings`.
    #[must_use]
    pub fn of(findings: Vec<Finding>) -> Self {
        Self { ok: findings.iter().all(|finding| finding.health < Health::Bad), findings }
    }
}

/// The way out where the database does not tell what ails it.
pub(super) const UNKNOWN: &str = "look at the database and its log, then `waybill check`";

/// The store did not answer.
pub(super) fn unread(check: &str, error: &StoreError) -> Finding {
    let mend = error.cause().map_or(UNKNOWN, |cause| cause.mend);
    Finding::bad(check, with_causes(error), mend)
}

/// A length of time in one unit.
pub(super) fn long(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{} s", seconds.max(0)),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        172_800.. => format!("{} d", seconds / 86_400),
    }
}

/// A size in the largest unit of which there are ten.
pub(super) fn bytes(size: i64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut size, mut unit) = (size.max(0), 0);
    while size >= 10 * 1024 && unit + 1 < UNITS.len() {
        size /= 1024;
        unit += 1;
    }
    format!("{size} {}", UNITS[unit])
}
