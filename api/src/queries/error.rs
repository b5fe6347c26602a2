//! The errors of queries. The callers decide what to make of them, such as an HTTP status.

use waybill_shared::domain::money::MoneyError;
use waybill_shared::line_name::Ambiguous;
use waybill_shared::store::StoreError;

/// Why a query has no answer.
#[derive(Debug)]
pub(crate) enum QueryError {
    /// The query breaks a rule.
    Invalid(String),
    /// One field of the query breaks a rule.
    Field { field: &'static str, detail: String, hint: String },
    /// The subject does not exist, or the caller may not see it.
    Unknown { detail: String, hint: String },
    /// The name fits several subjects.
    Ambiguous(Ambiguous),
    /// The requested part of the log existed, but no longer does.
    Gone { detail: String, hint: String },
    /// Amounts cannot be added or converted.
    Money(MoneyError),
    /// Another past day is being rebuilt from the log, and only one can be at a time.
    DayInUse,
    /// There is no disk space for the store of a past day.
    NoRoom,
    /// The events of a past day contradict one another.
    DayLost,
    /// The store failed.
    Store(StoreError),
}

impl QueryError {
    /// An error in one field.
    pub(crate) fn field(field: &'static str, detail: impl Into<String>, hint: &str) -> Self {
        Self::Field { field, detail: detail.into(), hint: hint.to_owned() }
    }

    /// The error when no `what` has this id, or when the caller may not see it.
    pub(crate) fn unknown(what: &str, id: &str) -> Self {
        let hint = "check the id, and what you may see".to_owned();
        Self::Unknown { detail: format!("no {what} `{id}`"), hint }
    }
}

impl From<StoreError> for QueryError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The hint for a full disk.
pub const DISK_FULL: &str = "the disk may be full: free some space and try again";

/// The hint for a missing key.
pub const LACKING: &str =
    "give the service that key: start it with --key-file FILE, or WAYBILL_KEY_FILE";

/// The hint for events that have been archived.
pub(crate) const ARCHIVED: &str = "use the command line with --with-archive FILE";
