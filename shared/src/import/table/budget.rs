//! How much of a file is read: a small one can unpack to gigabytes, and an empty cell takes more than the comma before it.

use super::{Problem, Row, Typed};
use crate::import::table::error::ImportError;

/// The bounds within which a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The most rows.
    pub rows: usize,
    /// The most memory that its table takes, in bytes.
    pub memory: usize,
    /// The most that a workbook, which is packed, unpacks to, in bytes.
    pub unpacked: u64,
    /// The longest text between two tags of a workbook, in bytes.
    pub text: u64,
    /// Of how many bad rows is said what is wrong with them; of the others only that they are bad.
    pub told: usize,
}

impl ReadLimits {
    /// Those of somebody who reads an own file on an own machine.
    pub const OWN: Self = Self {
        rows: 1 << 20,
        memory: 2 << 30,
        unpacked: 2 << 30,
        text: u64::MAX,
        told: usize::MAX,
    };

    /// Those of a service that reads what others send: two files at once fit into 512 MiB beside everything else. A text
    /// may have more than the 32,767 characters that a cell of Excel holds, each of at most four bytes or a reference.
    pub const SENT: Self =
        Self { rows: 10_000, memory: 48 << 20, unpacked: 64 << 20, text: 512 << 10, told: 100 };
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self::OWN
    }
}

/// What may still be read of a file.
pub(super) struct Budget {
    file: String,
    limits: ReadLimits,
    rows: usize,
    memory: usize,
    /// What is taken by cells that are in no row yet.
    loose: usize,
}

impl Budget {
    /// All of it.
    pub(super) fn new(file: &str, limits: ReadLimits) -> Self {
        Self { file: file.to_owned(), limits, rows: 0, memory: 0, loose: 0 }
    }

    /// Takes a cell off it that is not in a row yet, with a text of so many bytes.
    pub(super) fn cell(&mut self, row: u64, bytes: usize) -> Result<(), ImportError> {
        self.loose = self.loose.saturating_add(CELL + bytes);
        self.within(row)
    }

    /// Gives back what cells took that are in no row yet: their rows are taken instead.
    pub(super) fn put_into_rows(&mut self) {
        self.loose = 0;
    }

    /// Takes `row` off it.
    pub(super) fn take(&mut self, row: &Row) -> Result<(), ImportError> {
        self.rows += 1;
        self.memory = self.memory.saturating_add(cost(row));
        self.within(row.number)
    }

    fn within(&self, row: u64) -> Result<(), ImportError> {
        let what = if self.rows > self.limits.rows {
            format!("has more than {} rows", self.limits.rows)
        } else if self.memory.saturating_add(self.loose) > self.limits.memory {
            let room = self.limits.memory >> 20;
            format!("needs more than {room} MiB of memory up to row {row}")
        } else {
            return Ok(());
        };
        Err(too_much(&self.file, what))
    }
}

/// What a cell takes besides its text, in bytes, about.
const CELL: usize = 64;

/// What `row` takes, in bytes, about.
fn cost(row: &Row) -> usize {
    let cells: usize = row.cells.iter().map(|cell| size_of::<String>() + cell.capacity()).sum();
    let problems: usize = row.problems.iter().map(|p| p.what.len() + p.hint.len()).sum();
    size_of::<Row>()
        + cells
        + row.typed.len() * size_of::<Typed>()
        + row.problems.len() * size_of::<Problem>()
        + problems
}

pub(super) fn too_much(file: &str, what: String) -> ImportError {
    ImportError::TooMuch { file: file.to_owned(), what }
}
