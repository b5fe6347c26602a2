//! Why a question has no answer. What that means to whoever asked is for those who pass it on.

use waybill_shared::domain::money::MoneyError;
use waybill_shared::line_name::Ambiguous;
use waybill_shared::store::StoreError;

/// Why a question has no answer.
#[derive(Debug)]
pub(crate) enum QueryError {
    /// The question breaks a rule.
    Invalid(String),
    /// One field of the question breaks a rule.
    Field { field: &'static str, detail: String, hint: String },
    /// What it asks about is not there, or not for whoever asks.
    Unknown { detail: String, hint: String },
    /// What it names is the name of several things.
    Ambiguous(Ambiguous),
    /// The log that it asks about was there, and is not any more.
    Gone { detail: String, hint: String },
    /// Amounts cannot be added up or converted.
    Money(MoneyError),
    /// Another earlier day is being rebuilt from the log.
    DayInUse,
    /// There is no room for the store of an earlier day.
    NoRoom,
    /// What the log tells of an earlier day does not fit together.
    DayLost,
    /// The store does not answer.
    Store(StoreError),
}

impl QueryError {
    /// Something wrong with one field.
    pub(crate) fn field(field: &'static str, detail: impl Into<String>, hint: &str) -> Self {
        Self::Field { field, detail: detail.into(), hint: hint.to_owned() }
    }

    /// Nothing of that id that the caller may see.
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

/// The way out of a full disk.
pub const DISK_FULL: &str = "the disk may be full: free some space and try again";

/// The way out where a key is lacking.
pub const LACKING: &str =
    "give the service that key: start it with --key-file FILE, or WAYBILL_KEY_FILE";

/// The way to what is not in the log any more.
pub(crate) const ARCHIVED: &str = "ask the command line, with --with-archive FILE";
