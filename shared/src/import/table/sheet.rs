//! Builds a table from the cells of a sheet, in their order.

use super::budget::Budget;
use super::defuse::restored;
use super::{MAX_COLUMNS, Problem, Row, Shown, Table, TableOptions, Typed, check_header, header};
use crate::import::table::error::ImportError;

pub(super) enum Value {
    Text(String),
    /// Not text: its plain form, and what a person sees.
    Other(String, Shown),
    /// Unusable; the text says why.
    Bad(String),
}

/// A merged area of cells.
pub(super) struct Merged {
    /// The first and last row, from 1.
    pub(super) rows: (u64, u64),
    /// The first and last column, from 0.
    pub(super) columns: (usize, usize),
}

/// A row of a sheet. Each cell has its column and its value.
struct RawRow {
    number: u64,
    cells: Vec<(usize, Value)>,
}

/// The most columns of a sheet that are read. It is more than a table may have, so that errors can name surplus
/// cells.
const MOST_COLUMNS: usize = 16_384;

/// The most hidden cells that are reported. Merged areas may overlap, so their number could be much larger.
const MOST_HIDDEN: usize = 100_000;

pub(super) struct Sheet<'o> {
    file: String,
    options: &'o TableOptions<'o>,
    /// The rows that were read before the header was found.
    first: Vec<RawRow>,
    current: Option<RawRow>,
    header: Option<Header>,
    rows: Vec<Row>,
    budget: Budget,
}

struct Header {
    names: Vec<String>,
    row: u64,
    note: Option<String>,
}

impl<'o> Sheet<'o> {
    pub(super) fn new(file: &str, options: &'o TableOptions<'o>) -> Self {
        let budget = Budget::new(file, options.limits);
        let (file, first, rows) = (file.to_owned(), Vec::new(), Vec::new());
        Self { file, options, first, current: None, header: None, rows, budget }
    }

    /// Takes the next cell. Cells come row by row.
    pub(super) fn put(&mut self, row: u64, column: usize, value: Value) -> Result<(), ImportError> {
        // Rows are identified by their number, so a number must not appear twice.
        if let Some(current) = &self.current {
            let last = current.cells.last().map(|(column, _)| *column);
            if (row, Some(column)) <= (current.number, last) {
                let what = format!("cell {} is out of order", address(row, column));
                return Err(ImportError::Workbook { file: self.file.clone(), what });
            }
        }
        if self.current.as_ref().is_none_or(|current| current.number != row) {
            self.end_row()?;
            self.current = Some(RawRow { number: row, cells: Vec::new() });
        }
        if column >= MOST_COLUMNS {
            return Err(ImportError::TooManyColumns { file: self.file.clone() });
        }
        let bytes = match &value {
            Value::Text(text) | Value::Other(text, _) | Value::Bad(text) => text.len(),
        };
        self.budget.cell(row, bytes)?;
        if let Some(current) = &mut self.current {
            current.cells.push((column, value));
        }
        Ok(())
    }

    pub(super) fn rows_begun(&self) -> usize {
        self.first.len() + usize::from(self.current.is_some())
    }

    /// Whether one of the first rows names all required columns.
    pub(super) fn has_header(mut self) -> bool {
        self.first.extend(self.current.take());
        let plain: Vec<Row> = self.first.iter().map(plain).collect();
        plain.iter().any(|row| header::is_whole(row, self.options))
    }

    fn end_row(&mut self) -> Result<(), ImportError> {
        let Some(ended) = self.current.take() else { return Ok(()) };
        if let Some(header) = &self.header {
            let row = fit(ended, &header.names);
            self.budget.put_into_rows();
            self.budget.take(&row)?;
            self.rows.push(row);
            return Ok(());
        }
        let is_enough = match self.options.header_row {
            Some(stated) => ended.number >= stated,
            None => self.first.len() + 1 >= header::ROWS_LOOKED_AT,
        };
        self.first.push(ended);
        if is_enough { self.settle() } else { Ok(()) }
    }

    /// Chooses the header among the first rows.
    fn settle(&mut self) -> Result<(), ImportError> {
        let file = self.file.clone();
        let mut plain: Vec<Row> = self.first.iter().map(plain).collect();
        if plain.is_empty() {
            return Err(ImportError::Empty { file });
        }
        let at = header::find(&file, &plain, self.options)?;
        let below = self.first.split_off(at + 1);
        let head = plain.swap_remove(at);
        for (column, value) in self.first.pop().map(|row| row.cells).unwrap_or_default() {
            if column >= MAX_COLUMNS {
                return Err(ImportError::TooManyColumns { file });
            }
            if let Value::Bad(what) = value {
                let position = address(head.number, column);
                let what = format!("cell {position}, which names a column, {what}");
                return Err(ImportError::Workbook { file, what });
            }
        }
        plain.truncate(at);
        let note = header::note(&plain, &head);
        let names = check_header(&file, head.cells, self.options)?;
        self.budget.put_into_rows();
        for row in below {
            let row = fit(row, &names);
            self.budget.take(&row)?;
            self.rows.push(row);
        }
        self.header = Some(Header { names, row: head.number, note });
        Ok(())
    }

    /// Finishes the table. Rows in which a cell is hidden by one of the `merged` areas are refused.
    pub(super) fn finish(mut self, merged: &[Merged]) -> Result<Table, ImportError> {
        self.end_row()?;
        if self.header.is_none() {
            self.settle()?;
        }
        let Some(Header { names, row, note }) = self.header else {
            return Err(ImportError::Empty { file: self.file });
        };
        let mut left = self.rows.len().saturating_mul(names.len()).min(MOST_HIDDEN);
        for Merged { rows: (from, to), columns: (first, last) } in merged {
            let start = self.rows.partition_point(|there| there.number < (*from).max(row + 1));
            for there in self.rows[start..].iter_mut().take_while(|there| there.number <= *to) {
                for column in *first..=(*last).min(names.len().saturating_sub(1)) {
                    if (there.number, column) != (*from, *first) && left > 0 {
                        left -= 1;
                        there.problems.push(hidden(there.number, column, (*from, *first)));
                    }
                }
            }
        }
        let (file, notes) = (self.file, note.into_iter().collect());
        Ok(Table { header: names, rows: self.rows, notes, ..Table::of(file) })
    }
}

fn hidden(row: u64, column: usize, (from, first): (u64, usize)) -> Problem {
    let (cell, into) = (address(row, column), address(from, first));
    let what = format!("cell {cell} is merged into {into}");
    let hint = "unmerge the cells and fill in each of them".to_owned();
    Problem { column: Some(column), what, hint }
}

/// Converts `row` to plain text, to look for the header.
fn plain(row: &RawRow) -> Row {
    let mut plain = Row::new(row.number, Vec::new());
    for (column, value) in row.cells.iter().filter(|(column, _)| *column < MAX_COLUMNS) {
        match value {
            Value::Text(text) | Value::Other(text, _) => plain.set(*column, text.clone()),
            Value::Bad(_) => {}
        }
    }
    plain
}

/// Sorts the cells of `row` into the columns of `header`.
fn fit(row: RawRow, header: &[String]) -> Row {
    let mut fitted = Row::new(row.number, Vec::new());
    for (column, value) in row.cells {
        let cell = || address(row.number, column);
        if column >= header.len() {
            let what = format!("cell {} has a value, but its column has no name", cell());
            let hint = "name the column in the header row, or clear the cell".to_owned();
            fitted.problems.push(Problem { column: None, what, hint });
            continue;
        }
        match value {
            Value::Text(text) => fitted.set(column, restored(text)),
            Value::Other(text, shown) => {
                fitted.set(column, text);
                fitted.typed.push(Typed { column, shown });
            }
            Value::Bad(what) => {
                let what = format!("cell {} {what}", cell());
                let hint = "replace it with its value (copy, then paste values only)".to_owned();
                fitted.problems.push(Problem { column: Some(column), what, hint });
            }
        }
    }
    fitted
}

/// The address of a cell as a sheet shows it, such as `C7`.
fn address(row: u64, column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    let name: String = letters.iter().rev().collect();
    format!("{name}{row}")
}
