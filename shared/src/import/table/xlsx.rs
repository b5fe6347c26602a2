//! Workbooks of Office Open XML, one sheet of them, cell by cell.

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, Xlsx, XlsxError};

use super::super::error::ImportError;
use super::{MAX_COLUMNS, Problem, Row, Table, check_header, plain_number};

/// Reads the first sheet, or the one named `sheet`.
pub(super) fn read(file: String, opened: File, sheet: Option<&str>) -> Result<Table, ImportError> {
    // The reader of the format expects some of what a damaged workbook lacks.
    let read = catch_unwind(AssertUnwindSafe(|| read_sheet(&file, opened, sheet)));
    read.unwrap_or_else(|_| {
        let what = "it is damaged".to_owned();
        Err(ImportError::Workbook { file: file.clone(), what })
    })
}

fn read_sheet(file: &str, opened: File, sheet: Option<&str>) -> Result<Table, ImportError> {
    let damaged =
        |error: XlsxError| ImportError::Workbook { file: file.to_owned(), what: error.to_string() };
    let mut workbook: Xlsx<_> = Xlsx::new(BufReader::new(opened)).map_err(damaged)?;
    let name = choose(file, &workbook, sheet)?;
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(damaged)?;

    let mut rows: Vec<Row> = Vec::new();
    let mut header: Option<Vec<String>> = None;
    let mut last_position = None;
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(damaged)? {
        let (row, column) = (u64::from(cell.pos.0) + 1, cell.pos.1 as usize);
        // Rows are known by their number, so that none may be there twice.
        if last_position.is_some_and(|last| (row, column) <= last) {
            let what = format!("cell {} is out of order", address(row, column));
            return Err(ImportError::Workbook { file: file.to_owned(), what });
        }
        last_position = Some((row, column));
        let text = match (&cell.value, &cell.formula) {
            (DataRef::Empty, None) => continue,
            (DataRef::Error(error), _) => Err(format!("holds the error {error}")),
            (_, Some(_)) => Err("holds a formula".to_owned()),
            (value, None) => Ok(print(value)),
        };
        if text.as_ref().is_ok_and(|text| text.trim().is_empty()) {
            continue;
        }
        if rows.last().is_none_or(|last| last.number != row) {
            if header.is_none()
                && let Some(first) = rows.pop()
            {
                header = Some(check_header(file, first.cells)?);
            }
            rows.push(Row { number: row, cells: Vec::new(), problems: Vec::new() });
        }
        let Some(last) = rows.last_mut() else { continue };
        place(file, last, column, header.as_deref(), text)?;
    }
    let header = match header {
        Some(header) => header,
        None => check_header(file, rows.pop().map(|row| row.cells).unwrap_or_default())?,
    };
    Ok(Table { file: file.to_owned(), header, rows })
}

/// The sheet to read.
fn choose<RS: std::io::Read + std::io::Seek>(
    file: &str,
    workbook: &Xlsx<RS>,
    sheet: Option<&str>,
) -> Result<String, ImportError> {
    let sheets = workbook.sheets_metadata().iter().filter(|s| s.typ == SheetType::WorkSheet);
    let names: Vec<&str> = sheets.map(|s| s.name.as_str()).collect();
    let found = match sheet {
        Some(wanted) => names.iter().find(|name| **name == wanted),
        None => names.first(),
    };
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    found.map(|name| (*name).to_owned()).ok_or_else(|| ImportError::NoSheet {
        file: file.to_owned(),
        sheet: sheet.unwrap_or_default().to_owned(),
        there,
    })
}

/// Puts a cell into its row, or says why it cannot be used.
fn place(
    file: &str,
    row: &mut Row,
    column: usize,
    header: Option<&[String]>,
    text: Result<String, String>,
) -> Result<(), ImportError> {
    let Some(header) = header else {
        if column >= MAX_COLUMNS {
            return Err(ImportError::TooManyColumns { file: file.to_owned() });
        }
        let position = address(row.number, column);
        let text = text.map_err(|what| ImportError::Workbook {
            file: file.to_owned(),
            what: format!("cell {position}, which names a column, {what}"),
        })?;
        row.set(column, text);
        return Ok(());
    };
    let cell = address(row.number, column);
    let problem = |column, what, hint: &str| Problem { column, what, hint: hint.to_owned() };
    if column >= header.len() {
        let what = format!("cell {cell} has a value, but its column has no name");
        row.problems.push(problem(
            None,
            what,
            "name the column in the first row, or clear the cell",
        ));
        return Ok(());
    }
    match text {
        Ok(text) => row.set(column, text),
        Err(what) => {
            let what = format!("cell {cell} {what}");
            let hint = "put the value in its place (copy, then paste values only)";
            row.problems.push(problem(Some(column), what, hint));
        }
    }
    Ok(())
}

/// The name of a cell as a sheet shows it, such as `C7`.
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

/// A value as plain text: numbers without exponent or grouping, dates as `2025-12-31`.
fn print(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => plain_number(*number),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(moment) => print_moment(*moment),
        DataRef::DateTimeIso(text) => text.trim_end_matches("T00:00:00").to_owned(),
        DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

fn print_moment(moment: ExcelDateTime) -> String {
    if moment.is_duration() {
        return plain_number(moment.as_f64());
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second, milli) == (0, 0, 0, 0) {
        return date;
    }
    format!("{date}T{hour:02}:{minute:02}:{second:02}")
}
