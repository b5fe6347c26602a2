//! Limits how much of a file is read. A small file can unpack to gigabytes, and an empty cell takes more memory than
//! the comma before it.

use super::{Problem, Row, Typed};
use crate::import::table::error::ImportError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The most rows.
    pub rows: usize,
    /// The most memory that the table may take, in bytes.
    pub memory: usize,
    /// The largest size of a workbook once it is unpacked, in bytes.
    pub unpacked: u64,
    /// The longest text between two tags of a workbook, in bytes.
    pub text: u64,
    /// For how many bad rows errors are reported. Further bad rows are only counted as bad.
    pub told: usize,
}

impl ReadLimits {
    /// The limits for people who read their own files on their own machine.
    pub const OWN: Self = Self {
        rows: 1 << 20,
        memory: 2 << 30,
        unpacked: 2 << 30,
        text: u64::MAX,
        told: usize::MAX,
    };

    /// The limits for a service that reads files from others. Two files at once, and everything else, fit into 512
    /// MiB. A text may be longer than the 32,767 characters of an Excel cell, because a character takes up to four
    /// bytes or a reference.
    pub const SENT: Self =
        Self { rows: 10_000, memory: 48 << 20, unpacked: 64 << 20, text: 512 << 10, told: 100 };
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self::OWN
    }
}

/// How much may still be read of a file.
pub(super) struct Budget {
    file: String,
    limits: ReadLimits,
    rows: usize,
    memory: usize,
    /// The memory of cells that are not in a row yet, in bytes.
    loose: usize,
}

impl Budget {
    pub(super) fn new(file: &str, limits: ReadLimits) -> Self {
        Self { file: file.to_owned(), limits, rows: 0, memory: 0, loose: 0 }
    }

    /// Counts a cell that is not in a row yet, with a text of `bytes` bytes.
    pub(super) fn cell(&mut self, row: u64, bytes: usize) -> Result<(), ImportError> {
        self.loose = self.loose.saturating_add(CELL + bytes);
        self.within(row)
    }

    /// Stops counting single cells, because their rows are counted instead.
    pub(super) fn put_into_rows(&mut self) {
        self.loose = 0;
    }

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

/// The approximate memory of a cell besides its text, in bytes.
const CELL: usize = 64;

/// The approximate memory of `row`, in bytes.
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
