//! Reads one sheet of an Excel or OpenDocument workbook, cell by cell.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{
    Data, DataRef, Dimensions, ExcelDateTime, Ods, Range, Reader, SheetType, SheetVisible, Style,
    Xls, Xlsx,
};

use super::display::shown;
use super::sheet::{Merged, Sheet, Value};
use super::unpacked::weighed;
use super::{ReadLimits, Shown, Table, TableOptions, extension, header, plain_number};
use crate::import::table::error::ImportError;

/// The most cells of an .xlsx sheet with a format of their own. Their formats are kept in memory.
const MOST_FORMATTED: usize = 8 * 1024 * 1024;
/// How many other sheets are searched for the required columns.
const SHEETS_LOOKED_AT: usize = 50;

/// A file format of workbooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Office Open XML.
    Xlsx,
    /// The format of Excel until 2003.
    Xls,
    /// OpenDocument.
    Ods,
}

impl Kind {
    /// The kind of the file at `path`, by its extension.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match extension(path).as_str() {
            "xlsx" | "xlsm" => Some(Self::Xlsx),
            "xls" => Some(Self::Xls),
            "ods" => Some(Self::Ods),
            _ => None,
        }
    }
}

pub(super) fn sheets(
    file: String,
    opened: File,
    kind: Kind,
    limits: ReadLimits,
) -> Result<Vec<Named>, ImportError> {
    whole(&file, || {
        Ok(Book::open(&file, weighed_if_packed(&file, opened, kind, limits)?, kind)?.sheets())
    })
}

/// Whether the sheet `name` has a header that names all required columns.
pub(super) fn has_header(
    file: String,
    opened: File,
    kind: Kind,
    name: &str,
    options: &TableOptions<'_>,
) -> Result<bool, ImportError> {
    whole(&file, || {
        let opened = weighed_if_packed(&file, opened, kind, options.limits)?;
        Book::open(&file, opened, kind)?.has_header(name, options)
    })
}

/// Reads the named sheet, or else the first that is not hidden.
pub(super) fn read(
    file: String,
    opened: File,
    kind: Kind,
    options: &TableOptions<'_>,
) -> Result<Table, ImportError> {
    whole(&file, || read_book(&file, opened, kind, options))
}

/// Runs `read` and catches panics: the workbook reader panics on some damaged workbooks.
fn whole<T>(file: &str, read: impl FnOnce() -> Result<T, ImportError>) -> Result<T, ImportError> {
    let read = catch_unwind(AssertUnwindSafe(read));
    read.unwrap_or_else(|_| {
        let what = "it is damaged".to_owned();
        Err(ImportError::Workbook { file: file.to_owned(), what })
    })
}

fn weighed_if_packed(
    file: &str,
    opened: File,
    kind: Kind,
    limits: ReadLimits,
) -> Result<File, ImportError> {
    match kind {
        Kind::Xlsx | Kind::Ods => weighed(file, opened, limits),
        Kind::Xls => Ok(opened),
    }
}

fn read_book(
    file: &str,
    opened: File,
    kind: Kind,
    options: &TableOptions<'_>,
) -> Result<Table, ImportError> {
    let opened = weighed_if_packed(file, opened, kind, options.limits)?;
    let mut book = Book::open(file, opened, kind)?;
    let sheets = book.sheets();
    let name = choose(file, &sheets, options.sheet)?;
    let label = if options.names_sheet { format!("{file}, sheet {name}") } else { file.to_owned() };
    let mut sheet = Sheet::new(&label, options);
    book.cells(&name, &mut |row, column, value| {
        sheet.put(row, column, value)?;
        Ok(true)
    })?;
    let mut table = sheet.finish(&book.merged(&name)?)?;
    let is_whole = options.needed.iter().all(|name| table.header.iter().any(|h| h == name));
    if !is_whole {
        let others = sheets.iter().filter(|sheet| sheet.name != name).take(SHEETS_LOOKED_AT);
        for other in others {
            if book.has_header(&other.name, options)? {
                table.elsewhere.push(other.to_string());
            }
        }
    }
    Ok(table)
}

#[derive(Debug)]
pub(in super::super) struct Named {
    pub(in super::super) name: String,
    pub(in super::super) is_hidden: bool,
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if self.is_hidden { f.write_str(" (hidden)") } else { Ok(()) }
    }
}

fn choose(file: &str, sheets: &[Named], wanted: Option<&str>) -> Result<String, ImportError> {
    let found = match wanted {
        Some(wanted) => sheets.iter().find(|sheet| sheet.name == wanted),
        None => sheets.iter().find(|sheet| !sheet.is_hidden).or(sheets.first()),
    };
    let names: Vec<String> = sheets.iter().map(Named::to_string).collect();
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    found.map(|sheet| sheet.name.clone()).ok_or_else(|| ImportError::NoSheet {
        file: file.to_owned(),
        sheet: wanted.unwrap_or_default().to_owned(),
        there,
    })
}

/// Takes a cell by row (from 1) and column (from 0), and returns whether to continue.
type Put<'p> = dyn FnMut(u64, usize, Value) -> Result<bool, ImportError> + 'p;

struct Book {
    file: String,
    book: AnyBook,
}

enum AnyBook {
    Xlsx(Box<Xlsx<BufReader<File>>>),
    Xls(Box<Xls<BufReader<File>>>),
    Ods(Box<Ods<BufReader<File>>>),
}

impl Book {
    fn open(file: &str, opened: File, kind: Kind) -> Result<Self, ImportError> {
        let opened = BufReader::new(opened);
        let damaged = |what: String| ImportError::Workbook { file: file.to_owned(), what };
        let book = match kind {
            Kind::Xlsx => Xlsx::new(opened)
                .map(|book| AnyBook::Xlsx(Box::new(book)))
                .map_err(|error| damaged(error.to_string()))?,
            Kind::Xls => Xls::new(opened)
                .map(|book| AnyBook::Xls(Box::new(book)))
                .map_err(|error| damaged(error.to_string()))?,
            Kind::Ods => Ods::new(opened)
                .map(|book| AnyBook::Ods(Box::new(book)))
                .map_err(|error| damaged(error.to_string()))?,
        };
        Ok(Self { file: file.to_owned(), book })
    }

    fn damaged(&self) -> impl Fn(String) -> ImportError + use<> {
        let file = self.file.clone();
        move |what| ImportError::Workbook { file: file.clone(), what }
    }

    fn sheets(&self) -> Vec<Named> {
        let sheets = match &self.book {
            AnyBook::Xlsx(book) => book.sheets_metadata(),
            AnyBook::Xls(book) => book.sheets_metadata(),
            AnyBook::Ods(book) => book.sheets_metadata(),
        };
        let sheets = sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
        let is_hidden = |visible| match visible {
            SheetVisible::Visible => false,
            SheetVisible::Hidden | SheetVisible::VeryHidden => true,
        };
        sheets
            .map(|sheet| Named { name: sheet.name.clone(), is_hidden: is_hidden(sheet.visible) })
            .collect()
    }

    /// Passes the cells of the sheet `name` to `put`, row by row.
    fn cells(&mut self, name: &str, put: &mut Put<'_>) -> Result<(), ImportError> {
        let damaged = self.damaged();
        let (values, formulas) = match &mut self.book {
            AnyBook::Xlsx(book) => return xlsx_cells(book, name, &damaged, put),
            AnyBook::Xls(book) => (
                book.worksheet_range(name).map_err(|error| damaged(error.to_string()))?,
                book.worksheet_formula(name).map_err(|error| damaged(error.to_string()))?,
            ),
            AnyBook::Ods(book) => (
                book.worksheet_range(name).map_err(|error| damaged(error.to_string()))?,
                book.worksheet_formula(name).map_err(|error| damaged(error.to_string()))?,
            ),
        };
        range_cells(&values, &formulas, put)
    }

    /// The merged areas of the sheet `name`. They are unknown for OpenDocument, where hidden cells are empty.
    fn merged(&mut self, name: &str) -> Result<Vec<Merged>, ImportError> {
        let damaged = self.damaged();
        let areas = match &mut self.book {
            AnyBook::Xlsx(book) => {
                book.merge_cells_by_sheet_name(name).map_err(|error| damaged(error.to_string()))?
            }
            AnyBook::Xls(book) => {
                book.merge_cells_by_sheet_name(name).map_err(|error| damaged(error.to_string()))?
            }
            AnyBook::Ods(_) => Vec::new(),
        };
        let area = |Dimensions { start, end }: Dimensions| {
            let rows = (u64::from(start.0) + 1, u64::from(end.0) + 1);
            Merged { rows, columns: (start.1 as usize, end.1 as usize) }
        };
        Ok(areas.into_iter().map(area).collect())
    }

    /// Whether the sheet `name` has a header that names all required columns.
    fn has_header(&mut self, name: &str, options: &TableOptions<'_>) -> Result<bool, ImportError> {
        let options = TableOptions { header_row: None, ..*options };
        let mut sheet = Sheet::new(&self.file, &options);
        self.cells(name, &mut |row, column, value| {
            sheet.put(row, column, value)?;
            Ok(sheet.rows_begun() < header::ROWS_LOOKED_AT)
        })?;
        Ok(sheet.has_header())
    }
}

fn xlsx_cells(
    book: &mut Xlsx<BufReader<File>>,
    name: &str,
    damaged: &dyn Fn(String) -> ImportError,
    put: &mut Put<'_>,
) -> Result<(), ImportError> {
    let (formats, styles) = xlsx_formats(book, name, damaged)?;
    let mut cells =
        book.worksheet_cells_reader(name).map_err(|error| damaged(error.to_string()))?;
    while let Some(cell) =
        cells.next_cell_with_formula_metadata().map_err(|error| damaged(error.to_string()))?
    {
        let value = match (&cell.value, &cell.formula) {
            (DataRef::Empty, None) => continue,
            (DataRef::Error(error), _) => Value::Bad(format!("contains the error {error}")),
            (_, Some(_)) => Value::Bad("contains a formula".to_owned()),
            (value, None) => {
                let style = styles.get(&cell.pos).copied().unwrap_or(0);
                let format = formats.get(style).map_or("General", String::as_str);
                of(&Data::from(value.clone()), &|number| shown(number, format))
            }
        };
        if let Value::Text(text) = &value
            && text.trim().is_empty()
        {
            continue;
        }
        if !put(u64::from(cell.pos.0) + 1, cell.pos.1 as usize, value)? {
            break;
        }
    }
    Ok(())
}

/// The number formats of a workbook by style, and the styles of the cells of the sheet `name` whose format differs
/// from that of the first, usual style.
#[expect(clippy::type_complexity, reason = "two halves of one lookup")]
fn xlsx_formats(
    book: &mut Xlsx<BufReader<File>>,
    name: &str,
    damaged: &dyn Fn(String) -> ImportError,
) -> Result<(Vec<String>, HashMap<(u32, u32), usize>), ImportError> {
    let mut cells =
        book.worksheet_cells_reader(name).map_err(|error| damaged(error.to_string()))?;
    let format = |style: &Style| match &style.number_format {
        Some(format) => format.format_code.clone(),
        None => "General".to_owned(),
    };
    let formats: Vec<String> = cells.styles().iter().map(format).collect();
    let mut styles = HashMap::new();
    if formats.iter().all(|format| Some(format) == formats.first()) {
        return Ok((formats, styles));
    }
    while let Some((row, column, style)) =
        cells.next_style_id().map_err(|error| damaged(error.to_string()))?
    {
        if formats.get(style) != formats.first() {
            styles.insert((row, column), style);
            if styles.len() > MOST_FORMATTED {
                return Err(damaged("it has too many formatted cells".to_owned()));
            }
        }
    }
    Ok((formats, styles))
}

/// Passes on the cells of a sheet that is in memory. How their numbers are displayed is unknown.
fn range_cells(
    values: &Range<Data>,
    formulas: &Range<String>,
    put: &mut Put<'_>,
) -> Result<(), ImportError> {
    let Some((first_row, first_column)) = values.start() else { return Ok(()) };
    for (row, column, value) in values.used_cells() {
        let position = (first_row + row as u32, first_column + column as u32);
        let has_formula = formulas.get_value(position).is_some_and(|text| !text.is_empty());
        let value = match value {
            Data::Error(error) => Value::Bad(format!("contains the error {error}")),
            _ if has_formula => Value::Bad("contains a formula".to_owned()),
            value => {
                of(value, &|_| Shown::Not("a number; only .xlsx records how the sheet displays it"))
            }
        };
        if let Value::Text(text) = &value
            && text.trim().is_empty()
        {
            continue;
        }
        if !put(u64::from(position.0) + 1, position.1 as usize, value)? {
            break;
        }
    }
    Ok(())
}

/// A value as plain text: numbers without exponent or grouping, dates as `2025-12-31`.
fn of(value: &Data, shown: &dyn Fn(f64) -> Shown) -> Value {
    let other = |text: String, what| Value::Other(text, Shown::Not(what));
    match value {
        Data::Int(number) => Value::Other(number.to_string(), shown(*number as f64)),
        Data::Float(number) => Value::Other(plain_number(*number), shown(*number)),
        Data::String(text) => Value::Text(text.clone()),
        Data::Bool(value) => other(value.to_string(), "true or false"),
        Data::DateTime(moment) => other(print_moment(*moment), "a day or a time"),
        Data::DateTimeIso(text) => {
            other(text.trim_end_matches("T00:00:00").to_owned(), "a day or a time")
        }
        Data::DurationIso(text) => other(text.clone(), "a time"),
        Data::Error(error) => Value::Bad(format!("contains the error {error}")),
        Data::Empty => Value::Text(String::new()),
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
