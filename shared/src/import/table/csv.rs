//! Reads separated values strictly as in RFC 4180. General readers repair broken quotes silently,
//! and then a row swallows its neighbours.

use super::budget::Budget;
use super::defuse::restored;
use super::text::{TextLine, TextLines};
use super::{MAX_LINE_BYTES, Problem, Row, Separator, Table, TableOptions, check_header, header};
use crate::import::table::error::{ImportError, excerpt};

/// Reads a table. One of its first records is the header.
pub(super) fn read(mut lines: TextLines, options: &TableOptions<'_>) -> Result<Table, ImportError> {
    let said = said_by_first_line(&mut lines)?;
    let file = lines.file.clone();
    let separator = match options.separator.or(said) {
        Some(stated) => stated,
        None => recognised(lines.peek(header::ROWS_LOOKED_AT)?, &file, options),
    };
    let mut budget = Budget::new(&file, options.limits);
    let mut rows = Vec::new();
    let is_needed = |rows: &[Row]| match options.header_row {
        Some(stated) => rows.last().is_none_or(|row: &Row| row.number < stated),
        None => rows.len() < header::ROWS_LOOKED_AT,
    };
    while is_needed(&rows)
        && let Some(record) = read_record(&mut || lines.next(), &file, separator)?
    {
        budget.take(&record)?;
        rows.push(record);
    }
    if rows.is_empty() {
        return Err(ImportError::Empty { file });
    }
    let at = header::find(&file, &rows, options)?;
    let below = rows.split_off(at + 1);
    let Some(head) = rows.pop() else { return Err(ImportError::Empty { file }) };
    let notes: Vec<String> = header::note(&rows, &head).into_iter().collect();
    if let [only] = head.cells.as_slice()
        && let Some(mark) = only.chars().find(|c| matches!(c, ',' | ';' | '\t' | '|'))
    {
        return Err(ImportError::Separator { file, mark });
    }
    let header = check_header(&file, head.cells, options)?;
    let mut rows: Vec<Row> =
        below.into_iter().map(|record| fit(record, header.len(), separator)).collect();
    while let Some(record) = read_record(&mut || lines.next(), &file, separator)? {
        let row = fit(record, header.len(), separator);
        budget.take(&row)?;
        rows.push(row);
    }
    let is_plain = lines.is_plain();
    Ok(Table { header, rows, notes, separator, is_plain, ..Table::of(file) })
}

/// Takes the first line if it states a separator, as Excel writes it, and returns that separator.
fn said_by_first_line(lines: &mut TextLines) -> Result<Option<Separator>, ImportError> {
    let Some(said) = lines.peek(1)?.front().and_then(|line| Separator::said_by(&line.text)) else {
        return Ok(None);
    };
    let line = lines.next()?;
    said.map(Some).map_err(|_| ImportError::Said {
        file: lines.file.clone(),
        line: excerpt(&line.map(|line| line.text).unwrap_or_default()),
    })
}

/// Detects the separator: the one with which one of the first lines has most of the required
/// columns.
fn recognised<'l>(
    first: impl IntoIterator<Item = &'l TextLine> + Clone,
    file: &str,
    options: &TableOptions<'_>,
) -> Separator {
    let named = |separator: Separator| {
        let mut lines = first.clone().into_iter().cloned();
        let mut best = (0, 0);
        // Lines that cannot be parsed with a separator do not count for it.
        while let Ok(Some(record)) = read_record(&mut || Ok(lines.next()), file, separator) {
            let cells = Some(record.cells.len()).filter(|cells| *cells > 1).unwrap_or(0);
            best = best.max((header::named(&record, options), cells));
        }
        best
    };
    // `max_by_key` returns the last maximum, so the likeliest separator wins a tie.
    let all = Separator::ALL.into_iter().rev();
    all.max_by_key(|separator| named(*separator)).unwrap_or_default()
}

/// Reads the next record that is not empty.
fn read_record(
    next_line: &mut impl FnMut() -> Result<Option<TextLine>, ImportError>,
    file: &str,
    separator: Separator,
) -> Result<Option<Row>, ImportError> {
    let mark = separator.mark();
    while let Some(line) = next_line()? {
        let mut record = Record::default();
        record.push(&line.text, mark, file, line.row)?;
        let mut bytes = line.text.len();
        while record.state == State::Quoted {
            let Some(next) = next_line()? else {
                return Err(unclosed(file, line.row));
            };
            bytes += next.text.len() + 1;
            if bytes as u64 > MAX_LINE_BYTES {
                return Err(unclosed(file, line.row));
            }
            record.cell.push('\n');
            record.push(&next.text, mark, file, line.row)?;
        }
        record.end_cell();
        let row = Row::new(line.row, record.cells);
        if !row.is_blank() {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// The error for a cell in the record at `row` whose quote is not closed, or not within the limit.
fn unclosed(file: &str, row: u64) -> ImportError {
    let what = "an opening quote has no closing quote within 1 MiB";
    ImportError::Quoting { file: file.to_owned(), row, what }
}

/// Cuts `row` to the columns that have a name, or adds a problem if it does not fit them.
fn fit(mut row: Row, columns: usize, separator: Separator) -> Row {
    let there = row.cells.len();
    let surplus = row.cells.get(columns..).unwrap_or_default();
    if there < columns || surplus.iter().any(|cell| !cell.trim().is_empty()) {
        let what = format!("the row has {there} cells, the header has {columns} columns");
        let hint = format!(
            "give each row one cell for every column, and put quotes around a cell that contains \
             a {separator}"
        );
        row.problems.push(Problem { column: None, what, hint });
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
    Quoted,
    /// After a closing quote. Another quote would be an escaped one.
    Closed,
}

/// A record while it is read.
#[derive(Default)]
struct Record {
    cells: Vec<String>,
    cell: String,
    state: State,
}

impl Record {
    /// Reads one line of a record that begins in `row`. `mark` separates its cells.
    fn push(&mut self, line: &str, mark: char, file: &str, row: u64) -> Result<(), ImportError> {
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let taken = match self.state {
                State::Quoted => {
                    let end = rest.find('"');
                    self.cell.push_str(&rest[..end.unwrap_or(rest.len())]);
                    self.state = if end.is_some() { State::Closed } else { State::Quoted };
                    end.map_or(rest.len(), |end| end + 1)
                }
                State::Start | State::Closed if c == '"' => {
                    if self.state == State::Closed {
                        self.cell.push('"');
                    }
                    self.state = State::Quoted;
                    1
                }
                State::Start | State::Plain | State::Closed if c == mark => {
                    self.end_cell();
                    self.state = State::Start;
                    mark.len_utf8()
                }
                State::Closed => {
                    let what = "text follows the closing quote of a cell";
                    return Err(ImportError::Quoting { file: file.to_owned(), row, what });
                }
                State::Start | State::Plain => {
                    let end = rest.find(mark).unwrap_or(rest.len());
                    self.cell.push_str(&rest[..end]);
                    self.state = State::Plain;
                    end
                }
            };
            rest = &rest[taken..];
        }
        Ok(())
    }

    fn end_cell(&mut self) {
        self.cells.push(restored(std::mem::take(&mut self.cell)));
    }
}
