//! Writes the rejected rows of a file, in the layout of that file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use crate::import::lines::Lines;
use crate::import::table::error::{FieldError, ImportError};
use crate::import::table::{Row, Separator, Shown, Table, defused, defused_number};
use crate::import::values::mapping::{DecimalMark, Mapping};
use crate::import::values::number::{Notation, unambiguous};

/// Columns that [`write_rejects`] adds.
pub(in crate::import) const REJECT_COLUMNS: [&str; 2] = ["row", "errors"];
/// One more, where the rank of a line is its place in the file.
pub(in crate::import) const RANK_COLUMN: &str = "rank_from_row";

/// The parts of a file's layout that its rejects share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) struct Layout {
    separator: Separator,
    /// Whether the file is UTF-8 without a byte order mark. Otherwise the rejects get a mark,
    /// because the mark overrides any stated encoding.
    is_plain: bool,
    /// The header's row as stated in the mapping; 1 if it is not stated.
    header_row: u64,
    notation: Notation,
    rank_from_row: bool,
    /// The columns of names and other text. Other columns may hold numbers.
    names: Vec<usize>,
}

impl Layout {
    /// The layout of `table`, read by `mapping`.
    pub(in crate::import) fn of(table: &Table, mapping: Option<&Mapping>) -> Self {
        let stated = mapping.and_then(|mapping| mapping.encoding.as_ref());
        Self {
            separator: mapping.and_then(|mapping| mapping.separator).unwrap_or(table.separator),
            is_plain: table.is_plain && stated.is_none(),
            header_row: mapping.and_then(|mapping| mapping.header_row).unwrap_or(1),
            notation: mapping.map_or(Notation::Unstated, Mapping::notation),
            rank_from_row: mapping.is_some_and(|mapping| mapping.rank_from_row),
            names: Vec::new(),
        }
    }

    /// The same, where the columns `names` are names or other text.
    pub(in crate::import) fn with(self, names: Vec<usize>) -> Self {
        Self { names, ..self }
    }

    /// The cells of `row` as text that is read as the cells are.
    pub(in crate::import) fn cells(&self, row: &Row) -> Vec<String> {
        let is_name = |column| self.names.contains(&column);
        let cell = |(column, text): (usize, &String)| match row.shown(column) {
            Some(Shown::As(shown)) if is_name(column) => shown.clone(),
            Some(_) if !is_name(column) => self.number(text).into_owned(),
            None | Some(_) => text.clone(),
        };
        row.cells.iter().enumerate().map(cell).collect()
    }

    /// Writes an exact number in the notation of the file.
    fn number<'t>(&self, number: &'t str) -> Cow<'t, str> {
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match self.notation {
            _ if !is_number => Cow::Borrowed(number),
            Notation::Stated(DecimalMark::Comma) => {
                Cow::Owned(unambiguous(number).replace('.', ","))
            }
            Notation::Stated(DecimalMark::Point)
            | Notation::Unstated
            | Notation::Format
            | Notation::Exact => unambiguous(number),
        }
    }
}

/// Writes the bad rows of `lines` to `path` as CSV: the columns as they were, then `row` and
/// `errors`. After correction the file can be imported with the same mapping as the original.
///
/// # Errors
/// [`ImportError::Write`] if the file cannot be written.
pub fn write_rejects(lines: &Lines, path: &Path) -> Result<(), ImportError> {
    let written = File::create(path).and_then(|file| write_bad(lines, file));
    written.map_err(|source| ImportError::Write { path: path.display().to_string(), source })
}

fn write_bad(lines: &Lines, mut file: File) -> io::Result<()> {
    let layout = &lines.layout;
    if !layout.is_plain {
        file.write_all("\u{feff}".as_bytes())?;
    }
    // Empty rows, so that the header is in the row that the mapping states.
    file.write_all("\n".repeat(usize::try_from(layout.header_row - 1).unwrap_or(0)).as_bytes())?;
    let is_ours = |name: &str| REJECT_COLUMNS.contains(&name) || name == RANK_COLUMN;
    let columns: Vec<usize> =
        (0..lines.header.len()).filter(|column| !is_ours(&lines.header[*column])).collect();
    let mark = u8::try_from(layout.separator.mark()).unwrap_or(b',');
    let mut writer = csv::WriterBuilder::new().delimiter(mark).from_writer(file);
    let mut names: Vec<&str> =
        columns.iter().map(|column| lines.header[*column].as_str()).collect();
    names.extend(REJECT_COLUMNS);
    names.extend(layout.rank_from_row.then_some(RANK_COLUMN));
    writer.write_record(names.iter().map(|name| defused(name).into_owned()))?;
    for bad in &lines.bad {
        let errors: Vec<String> = bad.errors.iter().map(explain).collect();
        let cell = |column: &usize| {
            let cell = bad.cells.get(*column).map_or("", String::as_str);
            let is_name = layout.names.contains(column);
            if is_name { defused(cell) } else { defused_number(cell) }
        };
        let mut cells: Vec<Cow<'_, str>> = columns.iter().map(cell).collect();
        cells.push(Cow::Owned(bad.row.to_string()));
        cells.push(Cow::Owned(defused(&errors.join("; ")).into_owned()));
        if layout.rank_from_row {
            cells.push(Cow::Owned(bad.rank.map(|rank| rank.to_string()).unwrap_or_default()));
        }
        writer.write_record(cells.iter().map(|cell| cell.as_bytes()))?;
    }
    writer.flush()
}

/// An error on one line. The other columns say the place.
fn explain(error: &FieldError) -> String {
    let FieldError { what, hint, .. } = error;
    match &error.field {
        Some(field) => format!("{field}: {what} ({hint})"),
        None => format!("{what} ({hint})"),
    }
}
