//! What becomes of submitted lines, row by row.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::amendment::Needed;
use crate::domain::lot::Timestamp;
use crate::domain::requisition::Line;

/// A line as stated by a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The row number in the file, as its author counts.
    pub row: u64,
    pub line: Line,
}

/// A field that an amendment changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// The name of the field.
    pub field: String,
    /// The value before.
    pub from: String,
    /// The value after.
    pub to: String,
}

/// A line that a later file states differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    pub row: u64,
    #[serde(default)]
    pub requester: String,
    /// The id that the requester gave the line.
    pub external_id: String,
    /// The line's own id, such as `LINE-7K2`.
    pub line: String,
    pub changes: Vec<Change>,
    /// Whether a part waits for others, for example for an order change.
    pub needs_order_change: bool,
    /// What others have to do for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Needed>,
}

/// A field that both a file and a command have changed since the file was last imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contested {
    /// The name of the field.
    pub field: String,
    /// The value that the file stated before.
    pub before: String,
    /// The present value.
    pub ours: String,
    /// Who set the present value.
    pub ours_by: String,
    /// The value that the file states now.
    pub theirs: String,
    /// Who submits the file.
    pub theirs_by: String,
}

impl fmt::Display for Contested {
    /// Prints `quantity: was 10; operator changed it to 8, the file has 12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, before, ours, ours_by, theirs, .. } = self;
        write!(f, "{field}: was {before}; {ours_by} changed it to {ours}, the file has {theirs}")
    }
}

/// A line that both a file and a command have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Conflict {
    /// The name of the file.
    #[serde(default)]
    pub file: String,
    /// The row in the file.
    pub row: u64,
    /// The requester.
    pub requester: String,
    /// The id that the requester gave the line.
    pub external_id: String,
    /// The line's own id.
    pub line: String,
    /// The fields that both have changed.
    pub fields: Vec<Contested>,
}

impl Conflict {
    /// Describes the conflict as a row that is not accepted.
    #[must_use]
    pub fn left_out(&self) -> RefusedRow {
        let wrongly = |contested: &Contested| Wrongly {
            field: contested.field.clone(),
            value: contested.theirs.clone(),
            what: contested.to_string(),
            hint: format!("--theirs {0} or --ours {0}", self.line),
        };
        RefusedRow {
            row: self.row,
            requester: self.requester.clone(),
            external_id: self.external_id.clone(),
            errors: self.fields.iter().map(wrongly).collect(),
        }
    }
}

/// An error in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wrongly {
    /// The name of the field.
    pub field: String,
    /// The value as in the row.
    pub value: String,
    /// What is wrong.
    pub what: String,
    /// How to fix it.
    pub hint: String,
}

/// A row that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedRow {
    /// The row number in the file.
    pub row: u64,
    /// The requester, if it could be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub requester: String,
    /// The id that the requester gave the line, if it could be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub external_id: String,
    /// All errors of the row.
    pub errors: Vec<Wrongly>,
}

/// A line that the last file of this name had and this one does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gone {
    /// The requester.
    pub requester: String,
    /// The id that the requester gave the line.
    pub external_id: String,
    /// The line's own id.
    pub line: String,
    /// The ids of its lots that are still open.
    pub open: Vec<String>,
}

/// A file that was imported before, and whose lines have been stated differently since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Earlier {
    /// When the file was imported.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub taken: Timestamp,
    /// The rows that differ from what was stated since.
    pub differs: Vec<Differs>,
}

/// A row of an earlier file that differs from what was stated since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Differs {
    /// The row number in the file.
    pub row: u64,
    /// The requester.
    pub requester: String,
    /// The id that the requester gave the line.
    pub external_id: String,
    /// The line's own id.
    pub line: String,
    /// The differences, from what was stated since to what the row states.
    pub changes: Vec<Change>,
}

/// The result of validation for a new line that would not simply pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Expected {
    /// The row number in the file.
    pub row: u64,
    /// The id that the requester gave the line.
    pub external_id: String,
    /// The result in words.
    pub text: String,
}

/// What became of a submission, or would become of it in a dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Intake {
    /// Whether anything was changed. False in a dry run, or if one row blocks all.
    pub taken: bool,
    pub new: usize,
    /// Lines that are the same as before.
    pub unchanged: usize,
    pub amended: Vec<Amended>,
    /// Lines that commands have changed too.
    pub conflicts: Vec<Conflict>,
    pub refused: Vec<RefusedRow>,
    /// Lines that the last file of this name had and this one does not.
    pub gone: Vec<Gone>,
    /// Set if the same file was imported before, and its lines have been stated differently since.
    pub earlier: Option<Earlier>,
    /// What validation would say about new lines.
    pub expected: Vec<Expected>,
}

impl Intake {
    /// Whether refused rows or conflicts block the submission.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        !self.refused.is_empty() || !self.conflicts.is_empty()
    }

    /// Adds the result of another file.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.taken |= other.taken;
        self.new += other.new;
        self.unchanged += other.unchanged;
        self.amended.extend(other.amended);
        self.conflicts.extend(other.conflicts);
        self.refused.extend(other.refused);
        self.gone.extend(other.gone);
        self.expected.extend(other.expected);
        self.earlier = self.earlier.or(other.earlier);
        self
    }
}
