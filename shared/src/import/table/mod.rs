//! Reads CSV, workbooks, JSON and JSON lines as a table of text.

mod budget;
mod csv;
mod defuse;
mod display;
pub(in crate::import) mod error;
mod header;
mod json;
mod separator;
mod sheet;
mod text;
mod unpacked;
mod utf16;
mod workbook;

use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
use std::path::Path;

pub use budget::ReadLimits;
pub use defuse::{defused, defused_number};
pub use separator::{Separator, UnknownSeparator};
pub(in crate::import) use text::is_encoding;
pub(in crate::import) use workbook::Named;

use crate::domain::text::canonical;
use crate::import::columns::compared;
use crate::import::table::error::{ImportError, excerpt, file_name};

/// The longest line, record or object that is read, in bytes.
pub(in crate::import) const MAX_LINE_BYTES: u64 = 1024 * 1024;
/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;
/// The largest JSON array, in bytes. Unlike lines, an array is held in memory as a whole.
const MAX_ARRAY_BYTES: u64 = 64 * 1024 * 1024;
/// The largest file of settings, or mapping, in bytes.
const MAX_SETTINGS_BYTES: u64 = MAX_LINE_BYTES;
/// The most columns that are read.
pub(in crate::import) const MAX_COLUMNS: usize = 256;

/// A file as a table of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub file: String,
    /// The column names; for JSON, the keys in order of appearance.
    pub header: Vec<String>,
    /// The rows. Empty rows of CSV files and workbooks are left out.
    pub rows: Vec<Row>,
    /// Notes for the reader about how the file was read.
    pub notes: Vec<String>,
    /// The column separator, if the file is text.
    pub separator: Separator,
    /// Whether the text is UTF-8 without a byte order mark.
    pub is_plain: bool,
    /// Whether the format prescribes the point as decimal mark, as JSON does.
    pub has_point: bool,
    /// Other sheets of the workbook that have all required columns.
    pub elsewhere: Vec<String>,
}

impl Table {
    /// A table without columns.
    pub(in crate::import) fn of(file: String) -> Self {
        let (header, rows, notes, elsewhere) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (separator, is_plain, has_point) = (Separator::Comma, true, false);
        Self { file, header, rows, notes, separator, is_plain, has_point, elsewhere }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The row's number as a person counts: in CSV and JSON lines, the line on which it begins; in a sheet, the row
    /// (the header is usually row 1); in a JSON array, the object.
    pub number: u64,
    /// The cells in the order of the header. Missing cells at the end count as empty.
    pub cells: Vec<String>,
    /// The cells that hold a number, a day or similar instead of text.
    pub typed: Vec<Typed>,
    /// Problems that were found before any cell was interpreted.
    pub problems: Vec<Problem>,
}

/// A cell that does not hold text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    pub column: usize,
    pub shown: Shown,
}

/// What a person sees in a cell that does not hold text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The same text as in [`Row::cells`].
    Plainly,
    /// Another text, such as `0012` for the number 12.
    As(String),
    /// Unknown, or dependent on the viewer's settings. The text says what the cell contains.
    Not(&'static str),
}

impl Row {
    /// A row of text.
    pub(in crate::import) fn new(number: u64, cells: Vec<String>) -> Self {
        Self { number, cells, typed: Vec::new(), problems: Vec::new() }
    }

    /// How the cell of `column` looks, if it holds something else than text.
    pub(in crate::import) fn shown(&self, column: usize) -> Option<&Shown> {
        self.typed.iter().find(|typed| typed.column == column).map(|typed| &typed.shown)
    }

    /// The text of the cell of `column`. Empty if the row is shorter.
    #[must_use]
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    fn set(&mut self, column: usize, text: String) {
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
    }

    fn is_blank(&self) -> bool {
        self.problems.is_empty() && self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// A problem with a row, or with one of its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The cell's column. `None` means that the whole row is unusable.
    pub column: Option<usize>,
    pub what: String,
    /// How to fix it.
    pub hint: String,
}

/// What the caller knows about a file before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct TableOptions<'a> {
    /// The encoding's label, such as `windows-1251`. `None` means UTF-8. A byte order mark overrides it, and
    /// workbooks ignore it.
    pub encoding: Option<&'a str>,
    /// The sheet of a workbook. `None` means the first sheet that is not hidden.
    pub sheet: Option<&'a str>,
    /// The separator of a CSV file. `None` means the one that its first line or its header shows.
    pub separator: Option<Separator>,
    /// The row of the header. `None` means the first row with all columns in `needed`.
    pub header_row: Option<u64>,
    /// The names of the required columns, in their canonical form.
    pub needed: &'a [&'a str],
    /// Other headings of columns in lower case, each with the name of its column.
    pub headings: &'a [(String, &'a str)],
    /// Whether messages name the sheet too.
    pub names_sheet: bool,
    pub limits: ReadLimits,
}

impl<'a> TableOptions<'a> {
    /// The name of the column that has this heading.
    fn name_of<'h>(&self, heading: &'h str) -> Cow<'h, str>
    where
        'a: 'h,
    {
        if self.headings.is_empty() || heading.is_empty() {
            return canonical(heading);
        }
        let lower = compared(heading);
        let found = self.headings.iter().find(|(known, _)| *known == lower);
        found.map_or_else(|| canonical(heading), |(_, name)| Cow::Borrowed(*name))
    }
}

/// Reads the file at `path`, in the format that its extension says.
///
/// # Errors
/// [`ImportError`] if the file cannot be read as a whole. Problems with single rows are in [`Row::problems`].
pub fn read_table(path: &Path, options: TableOptions<'_>) -> Result<Table, ImportError> {
    let file = file_name(path);
    let extension = extension(path);
    let opened = open(path)?;
    match extension.as_str() {
        "csv" | "tsv" | "txt" => {
            csv::read(text::TextLines::new(file, opened, options.encoding)?, &options)
        }
        "jsonl" | "ndjson" => {
            let lines = text::TextLines::new(file, opened, options.encoding)?;
            json::read_lines(lines, options.limits)
        }
        "json" => {
            let hint = "save it as .jsonl, one object a line, which may be larger";
            refuse_above(MAX_ARRAY_BYTES, &opened, path, hint)?;
            let whole = text::read_whole(file, opened, options.encoding, MAX_ARRAY_BYTES)?;
            json::read_array(whole, options.limits)
        }
        _ => match workbook::Kind::of(path) {
            Some(kind) => workbook::read(file, opened, kind, &options),
            None => Err(ImportError::Format { file, extension }),
        },
    }
}

/// The sheets of the workbook at `path`. `None` means that it is not a workbook.
///
/// # Errors
/// [`ImportError`] if it cannot be read.
pub(in crate::import) fn sheets(path: &Path) -> Result<Option<Vec<Named>>, ImportError> {
    let Some(kind) = workbook::Kind::of(path) else { return Ok(None) };
    let (file, opened) = (file_name(path), open(path)?);
    workbook::sheets(file, opened, kind, ReadLimits::OWN).map(Some)
}

/// Whether a row near the top of the sheet `name` of the workbook at `path` names all required columns.
///
/// # Errors
/// [`ImportError`] if it cannot be read.
pub(in crate::import) fn has_header(
    path: &Path,
    name: &str,
    options: &TableOptions<'_>,
) -> Result<bool, ImportError> {
    let Some(kind) = workbook::Kind::of(path) else { return Ok(false) };
    workbook::has_header(file_name(path), open(path)?, kind, name, options)
}

/// The text of the settings or mapping at `path`.
pub(in crate::import) fn read_settings(path: &Path) -> Result<String, ImportError> {
    let opened = open(path)?;
    refuse_above(MAX_SETTINGS_BYTES, &opened, path, "check that this is the file you meant")?;
    Ok(text::read_whole(file_name(path), opened, None, MAX_SETTINGS_BYTES)?.text)
}

/// The extension of `path`, in lower case.
fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// Opens the regular file at `path`, unless it is too large.
fn open(path: &Path) -> Result<File, ImportError> {
    check_is_file(path)?;
    let opened = File::open(path).map_err(|source| read_error(path, source))?;
    refuse_above(MAX_FILE_BYTES, &opened, path, "split it into smaller files")?;
    Ok(opened)
}

/// Refuses what is not there, and what is no regular file: a device could block or never end.
pub(in crate::import) fn check_is_file(path: &Path) -> Result<(), ImportError> {
    let metadata = fs::metadata(path).map_err(|source| read_error(path, source))?;
    if metadata.is_file() {
        return Ok(());
    }
    let kind = if metadata.is_dir() { "a directory" } else { "a device or pipe" };
    Err(ImportError::NotAFile { path: path.display().to_string(), kind })
}

fn refuse_above(
    limit: u64,
    opened: &File,
    path: &Path,
    hint: &'static str,
) -> Result<(), ImportError> {
    let bytes = opened.metadata().map_err(|source| read_error(path, source))?.len();
    if bytes > limit {
        return Err(ImportError::TooLarge { file: file_name(path), bytes, limit, hint });
    }
    Ok(())
}

fn read_error(path: &Path, source: io::Error) -> ImportError {
    let path = path.display().to_string();
    if source.kind() == io::ErrorKind::NotFound {
        return ImportError::NotFound { path };
    }
    ImportError::Read { path, source }
}

/// The column names in canonical form, without unnamed columns at the end.
fn check_header(
    file: &str,
    names: Vec<String>,
    options: &TableOptions<'_>,
) -> Result<Vec<String>, ImportError> {
    let plain: Vec<Cow<'_, str>> = names.iter().map(|name| canonical(name)).collect();
    // If a column has the canonical name itself, a heading that means the same is not translated.
    let name = |heading: &Cow<'_, str>| match options.name_of(heading) {
        name if plain.contains(&name) => heading.clone().into_owned(),
        name => name.into_owned(),
    };
    let mut header: Vec<String> = plain.iter().map(name).collect();
    while header.last().is_some_and(String::is_empty) {
        header.pop();
    }
    if header.is_empty() {
        return Err(ImportError::Empty { file: file.to_owned() });
    }
    if header.len() > MAX_COLUMNS {
        return Err(ImportError::TooManyColumns { file: file.to_owned() });
    }
    for (index, name) in header.iter().enumerate() {
        let (file, position) = (file.to_owned(), index + 1);
        if name.is_empty() {
            return Err(ImportError::UnnamedColumn { file, position });
        }
        if let Some(first) = header[..index].iter().position(|earlier| earlier == name) {
            let (column, first) = (excerpt(name), first + 1);
            return Err(ImportError::DuplicateColumn { file, column, first, second: position });
        }
    }
    Ok(header)
}

/// Formats a floating point number as a plain decimal with the 15 digits that are exact.
fn plain_number(value: f64) -> String {
    let certain: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    // Negative zero would be printed with its sign.
    if certain == 0.0 { "0".to_owned() } else { certain.to_string() }
}
