//! Reads a whole database from a file, and refuses one that is cut off, was changed, or does not fit
//! together, with the line.

use std::io::{self, BufRead};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::store::row::Sum;
use super::trail::Subject;
use super::{BATCH, Batch, Counts, End, FORMAT, Head, Header, Row, Trail, Written};
use crate::store::chain::hex;

/// Why a file cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum WholeError {
    /// It cannot be read.
    #[error("line {line}: {source}")]
    Read {
        /// From 1.
        line: i64,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is no export.
    #[error("line 1: this is no export of Waybill's")]
    Foreign,
    /// A newer Waybill wrote it.
    #[error("line 1: the export has format {found}, of Waybill {version}; this one reads {FORMAT}")]
    Newer {
        /// Its format.
        found: u32,
        /// By which version it was written.
        version: String,
    },
    /// It has no end.
    #[error("line {line}: the file ends here, without its last line: it was cut off")]
    CutOff {
        /// The last line.
        line: i64,
    },
    /// It is not as it was written.
    #[error("line {line}: {what}")]
    Wrong {
        /// From 1.
        line: i64,
        /// What is wrong there.
        what: String,
    },
    /// Whoever takes the rows has stopped.
    #[error("line {line}: nobody takes it any more")]
    Stopped {
        /// From 1.
        line: i64,
    },
}

/// Whether a file begins as an export does.
#[must_use]
pub fn begins(start: &[u8]) -> bool {
    start.starts_with(b"{\"waybill_export\":")
}

/// A file that is read.
#[derive(Debug)]
pub struct Reading<R> {
    file: R,
    /// What it says of itself.
    pub header: Header,
    line: i64,
    text: Vec<u8>,
}

impl<R: BufRead> Reading<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`WholeError`] if there is none that can be understood.
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

    /// Reads all rows and hands them on, the log's with what they follow, and tells `passed` how many
    /// there were each time. Blocks: it is for a thread of its own.
    ///
    /// # Errors
    /// [`WholeError`] with the line that is not as it should be. What was handed on until then is not
    /// to be kept.
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
                return Err(self.wrong("a row stands behind those that it goes before"));
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
            let what = "the lines before are not those that were written: the file was changed";
            return Err(self.wrong(what));
        }
        let (position, link) = trail.end().map_err(|what| self.wrong(what))?;
        let written = Written { counts, position, link: link.to_owned() };
        if self.next()? {
            return Err(self.wrong("there is more behind the end"));
        }
        passed(batch.len());
        to.blocking_send(batch).map_err(|_| WholeError::Stopped { line: self.line })?;
        Ok(written)
    }

    /// Reads the next line, whole; a part of one was cut off.
    fn next(&mut self) -> Result<bool, WholeError> {
        self.text.clear();
        let line = self.line + 1;
        match self.file.read_until(b'\n', &mut self.text) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            // As a compressed file says that.
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

/// Where rows of this kind stand in a file.
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

/// Finds what `row` says about places in the log.
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
