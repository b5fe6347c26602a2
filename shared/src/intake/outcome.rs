//! What becomes of lines that are handed in, row by row.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::amendment::Needed;
use crate::domain::lot::Timestamp;
use crate::domain::requisition::Line;

/// A line as a file states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// Its row in the file, as its author sees it.
    pub row: u64,
    /// What it says.
    pub line: Line,
}

/// One field that an amendment changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// The field.
    pub field: String,
    /// What it was.
    pub from: String,
    /// What it becomes.
    pub to: String,
}

/// A line that a later file states differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    /// Its row.
    pub row: u64,
    /// Who asks.
    #[serde(default)]
    pub requester: String,
    /// The requester's id.
    pub external_id: String,
    /// The line.
    pub line: String,
    /// What differs.
    pub changes: Vec<Change>,
    /// Some of it needs others, such as an order change, and waits for that.
    pub needs_order_change: bool,
    /// What others have to do for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Needed>,
}

/// A field that both a file and a command have changed since the file was taken the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contested {
    /// The field.
    pub field: String,
    /// What the file said before.
    pub before: String,
    /// What stands there now.
    pub ours: String,
    /// Who changed it to that.
    pub ours_by: String,
    /// What the file says now.
    pub theirs: String,
    /// Who hands the file in.
    pub theirs_by: String,
}

impl fmt::Display for Contested {
    /// `quantity: was 10; operator made it 8, the file says 12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, before, ours, ours_by, theirs, .. } = self;
        write!(f, "{field}: was {before}; {ours_by} made it {ours}, the file says {theirs}")
    }
}

/// A line that was changed in both places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Conflict {
    /// The file.
    #[serde(default)]
    pub file: String,
    /// Its row.
    pub row: u64,
    /// Who asks.
    pub requester: String,
    /// The requester's id.
    pub external_id: String,
    /// The line.
    pub line: String,
    /// The fields that both have changed.
    pub fields: Vec<Contested>,
}

impl Conflict {
    /// Its row as one that is not taken.
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

/// One thing that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wrongly {
    /// The field.
    pub field: String,
    /// The value as the row has it.
    pub value: String,
    /// What is wrong.
    pub what: String,
    /// The way out.
    pub hint: String,
}

/// A row that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedRow {
    /// The row.
    pub row: u64,
    /// Who asks, where that could be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub requester: String,
    /// The requester's id, where it could be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub external_id: String,
    /// Everything that is wrong with it.
    pub errors: Vec<Wrongly>,
}

/// A line that the file of this name had the last time and has no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gone {
    /// Who asks.
    pub requester: String,
    /// The requester's id.
    pub external_id: String,
    /// The line.
    pub line: String,
    /// Its lots that are still open, by id.
    pub open: Vec<String>,
}

/// A file that was taken before, and something else since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Earlier {
    /// When it was taken.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub taken: Timestamp,
    /// The rows that say something else than what was stated since.
    pub differs: Vec<Differs>,
}

/// A row of an earlier file, and what was stated since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Differs {
    /// The row.
    pub row: u64,
    /// Who asks.
    pub requester: String,
    /// The requester's id.
    pub external_id: String,
    /// The line.
    pub line: String,
    /// What differs, from what was stated since to what the row says.
    pub changes: Vec<Change>,
}

/// What validation would say of a new line that does not just pass it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Expected {
    /// The row.
    pub row: u64,
    /// The requester's id.
    pub external_id: String,
    /// What it would say.
    pub text: String,
}

/// What became of a file, or would become of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Intake {
    /// Whether anything was taken; not where that was only asked, or a row keeps all from being taken.
    pub taken: bool,
    /// Lines that were not known.
    pub new: usize,
    /// Lines that say what was known.
    pub unchanged: usize,
    /// Lines that say something else.
    pub amended: Vec<Amended>,
    /// Lines that commands have changed meanwhile, too.
    pub conflicts: Vec<Conflict>,
    /// Rows that are wrong.
    pub refused: Vec<RefusedRow>,
    /// Lines that the file does not have any more.
    pub gone: Vec<Gone>,
    /// The file was taken before, and something else since.
    pub earlier: Option<Earlier>,
    /// What validation would say of new lines.
    pub expected: Vec<Expected>,
}

impl Intake {
    /// Whether rows stand against taking all of it.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        !self.refused.is_empty() || !self.conflicts.is_empty()
    }

    /// This with what became of another file.
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
