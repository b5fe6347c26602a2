//! Finds the row with the column names. Files from offices often have titles above it.

use std::borrow::Cow;

use super::{Row, TableOptions};
use crate::import::table::error::{FieldError, ImportError};

/// How many rows from the top are searched for a header.
pub(super) const ROWS_LOOKED_AT: usize = 50;

/// How many of the required columns `row` names.
pub(super) fn named(row: &Row, options: &TableOptions<'_>) -> usize {
    let there: Vec<Cow<'_, str>> = row.cells.iter().map(|cell| options.name_of(cell)).collect();
    let is_there = |name: &&&str| there.iter().any(|there| there == **name);
    options.needed.iter().filter(is_there).count()
}

/// Whether columns are required and `row` names all of them.
pub(super) fn is_whole(row: &Row, options: &TableOptions<'_>) -> bool {
    !options.needed.is_empty() && named(row, options) == options.needed.len()
}

/// Which of the first `rows` is the header: the stated one; else the first that names all required
/// columns; else the one that names most of them; else the first.
pub(super) fn find(
    file: &str,
    rows: &[Row],
    options: &TableOptions<'_>,
) -> Result<usize, ImportError> {
    if let Some(stated) = options.header_row {
        return rows.iter().position(|row| row.number == stated).ok_or_else(|| {
            let what = format!("row {stated}, which is stated as the header row, is empty");
            let hint = "count the rows from the top of the file, including empty rows";
            ImportError::Rows(vec![FieldError::of_file(file, what, hint).at("header_row")])
        });
    }
    if let Some(whole) = rows.iter().position(|row| is_whole(row, options)) {
        return Ok(whole);
    }
    let counts: Vec<usize> = rows.iter().map(|row| named(row, options)).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let is_likely = most >= 2 && most * 2 >= options.needed.len();
    Ok(if is_likely { counts.iter().position(|count| *count == most).unwrap_or(0) } else { 0 })
}

/// A note for the reader about rows above the header.
pub(super) fn note(above: &[Row], header: &Row) -> Option<String> {
    let (first, last) = (above.first()?, above.last()?);
    let number = header.number;
    Some(match above.len() {
        1 => format!("row {}, above the header in row {number}, is skipped", first.number),
        _ => format!(
            "rows {} to {}, above the header in row {number}, are skipped",
            first.number, last.number
        ),
    })
}
