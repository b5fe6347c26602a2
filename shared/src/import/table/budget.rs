//! How much of a file is read: a small one can unpack to gigabytes, and an empty cell takes more than the comma before it.

use std::fs::File;
use std::io::{self, BufReader, Read};

use super::super::error::ImportError;
use super::{Problem, Row, Typed};

/// The longest text between two tags of a workbook, in bytes: more than the 32,767 characters that a cell of Excel
/// holds, each of at most four bytes or written as a reference.
const LONGEST_TEXT: u64 = 512 * 1024;

/// Bytes of a workbook that the reader of the format takes for each tag, about, where it unpacks to nothing else.
const TAG: u64 = 32;

/// The bounds within which a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The most rows.
    pub rows: usize,
    /// The most memory that its table takes, in bytes.
    pub memory: usize,
    /// The most that a workbook, which is packed, unpacks to, in bytes.
    pub unpacked: u64,
    /// Of how many bad rows is said what is wrong with them; of the others only that they are bad.
    pub told: usize,
}

impl ReadLimits {
    /// Those of somebody who reads an own file on an own machine.
    pub const OWN: Self =
        Self { rows: 1 << 20, memory: 2 << 30, unpacked: 2 << 30, told: usize::MAX };

    /// Those of a service that reads what others send: two files at once fit into 512 MiB beside everything else.
    pub const SENT: Self = Self { rows: 10_000, memory: 48 << 20, unpacked: 64 << 20, told: 100 };
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
}

impl Budget {
    /// All of it.
    pub(super) fn new(file: &str, limits: ReadLimits) -> Self {
        Self { file: file.to_owned(), limits, rows: 0, memory: 0 }
    }

    /// Takes a cell off it that is not in a row yet, with a text of so many bytes.
    pub(super) fn cell(&mut self, row: u64, bytes: usize) -> Result<(), ImportError> {
        self.memory = self.memory.saturating_add(CELL + bytes);
        self.within(row)
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
        } else if self.memory > self.limits.memory {
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

fn too_much(file: &str, what: String) -> ImportError {
    ImportError::TooMuch { file: file.to_owned(), what }
}

/// Refuses a workbook that unpacks to more than is read, before anything else unpacks it.
pub(super) fn check_unpacked(
    file: &str,
    opened: &File,
    limits: ReadLimits,
) -> Result<(), ImportError> {
    let damaged = |what: String| ImportError::Workbook { file: file.to_owned(), what };
    let mut archive =
        zip::ZipArchive::new(BufReader::new(opened)).map_err(|error| damaged(error.to_string()))?;
    let mut left = limits.unpacked;
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|error| damaged(error.to_string()))?;
        let weight = weigh(entry, left).map_err(|error| damaged(error.to_string()))?;
        left = weight.and_then(|weight| left.checked_sub(weight)).ok_or_else(|| {
            too_much(
                file,
                format!("takes more than {} MiB once it is unpacked", limits.unpacked >> 20),
            )
        })?;
    }
    Ok(())
}

/// The largest number of texts that a part of a workbook claims to have.
#[derive(Default)]
struct Claim {
    /// How much of the attribute's name was read.
    matched: usize,
    /// The number behind it, as far as it was read.
    value: Option<u64>,
    largest: u64,
}

impl Claim {
    const NAME: &'static [u8] = b"uniqueCount";

    fn read(&mut self, byte: u8) {
        match (self.value, byte) {
            // Every other byte of UTF-16.
            (_, 0) => {}
            (Some(value), b'0'..=b'9') => {
                let value = value.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                (self.value, self.largest) = (Some(value), self.largest.max(value));
            }
            (Some(_), b'=' | b'"' | b'\'' | b' ' | b'\t' | b'\n' | b'\r' | b'+') => {}
            (Some(_), _) => self.value = None,
            (None, byte) if byte == Self::NAME[self.matched] => {
                self.matched += 1;
                if self.matched == Self::NAME.len() {
                    (self.matched, self.value) = (0, Some(0));
                }
            }
            (None, byte) => self.matched = usize::from(byte == Self::NAME[0]),
        }
    }
}

/// How much `entry` is once it is unpacked: its bytes, and what its tags take; none: more than `most`, or a text that is
/// longer than a cell's.
fn weigh(mut entry: impl Read, most: u64) -> io::Result<Option<u64>> {
    let (mut weight, mut bytes, mut text) = (0_u64, 0_u64, 0_u64);
    let mut claim = Claim::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = entry.read(&mut buffer)?;
        if read == 0 {
            // Room is made for what it claims to hold before that is there.
            return Ok(Some(weight).filter(|_| claim.largest <= bytes));
        }
        weight += read as u64;
        bytes += read as u64;
        for byte in &buffer[..read] {
            claim.read(*byte);
            if *byte == b'<' {
                weight += TAG;
                text = 0;
            } else {
                text += 1;
            }
            if text > LONGEST_TEXT {
                return Ok(None);
            }
        }
        if weight > most {
            return Ok(None);
        }
    }
}
