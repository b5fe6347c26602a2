//! Comma-separated values as in RFC 4180, strictly: general readers mend broken quotes silently,
//! and then a row swallows its neighbours.

use super::super::error::ImportError;
use super::text::TextLines;
use super::{MAX_LINE_BYTES, Problem, Row, Table, check_header};

/// Reads a table whose first record names the columns.
pub(super) fn read(mut lines: TextLines) -> Result<Table, ImportError> {
    let Some(first) = next_record(&mut lines)? else {
        return Err(ImportError::Empty { file: lines.file });
    };
    if let [only] = first.cells.as_slice()
        && let Some(mark) = only.chars().find(|c| matches!(c, ';' | '\t'))
    {
        return Err(ImportError::Separator { file: lines.file, mark });
    }
    let header = check_header(&lines.file, first.cells)?;
    let mut rows = Vec::new();
    while let Some(record) = next_record(&mut lines)? {
        rows.push(fit(record, header.len()));
    }
    Ok(Table { file: lines.file, header, rows })
}

/// The next record that is not wholly empty.
fn next_record(lines: &mut TextLines) -> Result<Option<Row>, ImportError> {
    while let Some(line) = lines.next()? {
        let mut record = Record::default();
        record.push(&line.text, &lines.file, line.row)?;
        let mut bytes = line.text.len();
        while record.state == State::Quoted {
            let Some(next) = lines.next()? else {
                return Err(unclosed(lines, line.row));
            };
            bytes += next.text.len() + 1;
            if bytes as u64 > MAX_LINE_BYTES {
                return Err(unclosed(lines, line.row));
            }
            record.cell.push('\n');
            record.push(&next.text, &lines.file, line.row)?;
        }
        record.end_cell();
        let row = Row { number: line.row, cells: record.cells, problems: Vec::new() };
        if !row.is_blank() {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// The cell with a quote that begins in the record at `row` has no end, or none in reach.
fn unclosed(lines: &TextLines, row: u64) -> ImportError {
    let what = "a quote is opened and not closed within 1 MiB";
    ImportError::Quoting { file: lines.file.clone(), row, what }
}

/// `row` cut to the columns that have a name, or with a problem if it does not fit them.
fn fit(mut row: Row, columns: usize) -> Row {
    let there = row.cells.len();
    let surplus = row.cells.get(columns..).unwrap_or_default();
    if there < columns || surplus.iter().any(|cell| !cell.trim().is_empty()) {
        let what = format!("the row has {there} cells, the header has {columns} columns");
        let hint = "give every column a cell, and put quotes around a cell that holds a comma";
        row.problems.push(Problem { column: None, what, hint: hint.to_owned() });
    } else {
        row.cells.truncate(columns);
    }
    row
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first character of a cell.
    #[default]
    Start,
    /// In a cell without quotes.
    Plain,
    /// Within quotes.
    Quoted,
    /// After a quote that closes, unless another one follows.
    Closed,
}

/// A record as it is read.
#[derive(Default)]
struct Record {
    cells: Vec<String>,
    cell: String,
    state: State,
}

impl Record {
    /// Reads one line of a record that begins in `row`.
    fn push(&mut self, line: &str, file: &str, row: u64) -> Result<(), ImportError> {
        for c in line.chars() {
            self.state = match (self.state, c) {
                (State::Quoted, '"') => State::Closed,
                (State::Quoted, c) => {
                    self.cell.push(c);
                    State::Quoted
                }
                (State::Closed, '"') => {
                    self.cell.push('"');
                    State::Quoted
                }
                (State::Start | State::Plain | State::Closed, ',') => {
                    self.end_cell();
                    State::Start
                }
                (State::Start, '"') => State::Quoted,
                (State::Closed, _) => {
                    let what = "text follows a quote that closes a cell";
                    return Err(ImportError::Quoting { file: file.to_owned(), row, what });
                }
                (State::Start | State::Plain, c) => {
                    self.cell.push(c);
                    State::Plain
                }
            };
        }
        Ok(())
    }

    fn end_cell(&mut self) {
        self.cells.push(std::mem::take(&mut self.cell));
    }
}
