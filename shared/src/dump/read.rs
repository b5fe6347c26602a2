//! Reads a whole database from a file. Refuses a file that is cut off, was changed or is inconsistent, and names the
//! line.

use std::io::{self, BufRead};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::trail::Subject;
use super::{BATCH, Batch, Counts, FORMAT, Header, Row, Trail, Written};
use crate::store::chain::hex;
use crate::store::row::{End, Head, Sum};

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WholeError {
    /// The file cannot be read.
    #[error("line {line}: {source}")]
    Read {
        /// From 1.
        line: i64,
        #[source]
        source: io::Error,
    },
    /// The file is not an export.
    #[error("line 1: this is not an export of Waybill")]
    Foreign,
    /// A newer version of Waybill wrote it.
    #[error(
        "line 1: the export has format {found}, written by Waybill {version}; this version reads format {FORMAT}"
    )]
    Newer { found: u32, version: String },
    /// The end is missing.
    #[error("line {line}: the file ends here without its last line, so it was cut off")]
    CutOff {
        /// The last line.
        line: i64,
    },
    /// A line is inconsistent with the rest, or was changed.
    #[error("line {line}: {what}")]
    Wrong {
        /// From 1.
        line: i64,
        what: String,
    },
    /// The receiver of the rows was dropped.
    #[error("line {line}: the import of its rows has stopped")]
    Stopped {
        /// From 1.
        line: i64,
    },
}

/// Whether a file begins like an export.
#[must_use]
pub fn begins(start: &[u8]) -> bool {
    start.starts_with(b"{\"waybill_export\":")
}

/// A file that is being read.
#[derive(Debug)]
pub struct Reading<R> {
    file: R,
    pub header: Header,
    line: i64,
    text: Vec<u8>,
}

impl<R: BufRead> Reading<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`WholeError`] if there is no header that this version understands.
    pub fn open(file: R) -> Result<Self, WholeError> {
        let counts = Counts::default();
        let header = Header { format: 0, version: String::new(), source: String::new(), counts };
        let mut reading = Self { file, header, line: 0, text: Vec::new() };
        if !reading.next()? || !begins(&reading.text) {
            return Err(WholeError::Foreign);
        }
        let head: Head<serde_json::Value> =
            serde_json::from_slice(&reading.text).map_err(|_| WholeError::Foreign)?;
        let value = head.waybill_export;
        let found = value["format"].as_u64().and_then(|found| u32::try_from(found).ok());
        let version = value["version"].as_str().unwrap_or_default().to_owned();
        match found {
            Some(FORMAT) => {}
            Some(found) => return Err(WholeError::Newer { found, version }),
            None => return Err(WholeError::Foreign),
        }
        reading.header = serde_json::from_value(value).map_err(|error| reading.wrong(error))?;
        Ok(reading)
    }

    /// Reads and sends all rows. Rows of the log get the position of their previous event. Reports the size of
    /// each batch to `passed`. It blocks, so it needs a thread of its own.
    ///
    /// # Errors
    /// [`WholeError`] with the line that is wrong. Rows that were sent before must be discarded then.
    pub fn rows(
        mut self,
        to: &mpsc::Sender<Batch>,
        mut passed: impl FnMut(usize),
    ) -> Result<Written, WholeError> {
        let (mut trail, mut hash, mut counts) =
            (Trail::default(), Sha256::new(), Counts::default());
        let mut batch = Vec::with_capacity(BATCH);
        let mut order = 0;
        loop {
            if !self.next()? {
                return Err(WholeError::CutOff { line: self.line });
            }
            if self.text.starts_with(b"{\"end\":") {
                break;
            }
            hash.update(&self.text);
            let mut row: Row = serde_json::from_slice(&self.text).map_err(|e| self.wrong(e))?;
            let place = place(&row);
            if place < order {
                return Err(self.wrong("a row comes after rows that it must precede"));
            }
            order = place;
            follow(&mut trail, &mut row).map_err(|what| self.wrong(what))?;
            counts.count(&row);
            batch.push(row);
            if batch.len() == BATCH {
                passed(batch.len());
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                to.blocking_send(full).map_err(|_| WholeError::Stopped { line: self.line })?;
            }
        }
        let End { end } = serde_json::from_slice(&self.text).map_err(|error| self.wrong(error))?;
        if end != (Sum { rows: counts.rows(), sha256: hex(hash) }) || counts != self.header.counts {
            let what = "the lines before this one do not match their checksum: the file was \
                        changed";
            return Err(self.wrong(what));
        }
        let (position, link) = trail.end().map_err(|what| self.wrong(what))?;
        let written = Written { counts, position, link: link.to_owned() };
        if self.next()? {
            return Err(self.wrong("there is more text after the end"));
        }
        passed(batch.len());
        to.blocking_send(batch).map_err(|_| WholeError::Stopped { line: self.line })?;
        Ok(written)
    }

    /// Reads the next whole line. An incomplete line means that the file was cut off.
    fn next(&mut self) -> Result<bool, WholeError> {
        self.text.clear();
        let line = self.line + 1;
        match self.file.read_until(b'\n', &mut self.text) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            // A compressed file that was cut off gives this error.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(WholeError::CutOff { line });
            }
            Err(source) => return Err(WholeError::Read { line, source }),
        }
        self.line = line;
        if self.text.last() != Some(&b'\n') {
            return Err(WholeError::CutOff { line });
        }
        Ok(true)
    }

    fn wrong(&self, what: impl ToString) -> WholeError {
        WholeError::Wrong { line: self.line, what: what.to_string() }
    }
}

/// The position of rows of this kind in the order of a file.
fn place(row: &Row) -> u8 {
    match row {
        Row::Event(_) | Row::Link(_) => 0,
        Row::Line(_) => 1,
        Row::Lot(_) => 2,
        Row::Record(_) => 3,
        Row::Envelope(_) => 4,
        Row::Job(_) => 5,
        Row::Document(_) => 6,
        Row::Note(_) => 7,
    }
}

/// Fills in the positions that `row` refers to.
fn follow(trail: &mut Trail, row: &mut Row) -> Result<(), String> {
    match row {
        Row::Event(event) => trail.event(event)?,
        Row::Link(link) => trail.link(link)?,
        Row::Line(line) => line.event = trail.at(&Subject::Line(line.id), line.version)?,
        Row::Lot(lot) => lot.event = trail.at(&Subject::Lot(lot.id), lot.version)?,
        Row::Record(record) => {
            record.event = trail.at(&Subject::Other(&record.kind, &record.id), record.version)?;
        }
        Row::Envelope(row) => {
            row.event = trail.at(&Subject::Other("envelope", &row.id), row.version)?;
        }
        Row::Job(_) | Row::Document(_) | Row::Note(_) => {}
    }
    Ok(())
}
