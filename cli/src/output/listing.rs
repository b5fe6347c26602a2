//! Prints listings: the same rows as a table for people, as CSV for spreadsheets, or as the API's JSON.

use serde::Serialize;
use waybill_shared::import::{defused, defused_number};

use super::form::Form;
use super::look::{Meaning, paint, width};
use super::table::{cut, flat, wrap};
use crate::failure::Failure;

#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    /// The value for people.
    pub(crate) text: String,
    /// A shorter value, for a narrow terminal.
    pub(crate) short: Option<String>,
    /// The value for programs if it differs: a time in RFC 3339, an amount without thousands separators.
    pub(crate) raw: Option<String>,
    pub(crate) meaning: Meaning,
}

impl Cell {
    /// Sets the value for programs.
    pub(crate) fn raw(self, raw: impl Into<String>) -> Self {
        Self { raw: Some(raw.into()), ..self }
    }

    /// Sets a shorter value for a narrow terminal.
    pub(crate) fn short(self, short: impl Into<String>) -> Self {
        Self { short: Some(short.into()), ..self }
    }

    pub(crate) fn meaning(self, meaning: Meaning) -> Self {
        Self { meaning, ..self }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// As wide as its widest value, and aligned left.
    Left,
    /// As wide as its widest value, and aligned right; for numbers.
    Right,
    /// Takes what is left of the terminal's width, on at most two lines. Several such columns share it.
    Rest,
    /// Like `Rest`, on as many lines as necessary; for commands, which people copy.
    Whole,
}

impl Fit {
    /// Whether the column takes what is left of the terminal's width.
    fn is_rest(self) -> bool {
        matches!(self, Self::Rest | Self::Whole)
    }
}

/// A column. Its heading is its name in capitals.
pub(crate) struct Column<T> {
    pub(crate) name: &'static str,
    pub(crate) fit: Fit,
    /// Whether the column is shown by default.
    pub(crate) is_usual: bool,
    pub(crate) cell: fn(&T) -> Cell,
}

impl<T> Column<T> {
    /// A column that is shown by default.
    pub(crate) const fn new(name: &'static str, fit: Fit, cell: fn(&T) -> Cell) -> Self {
        Self { name, fit, is_usual: true, cell }
    }

    /// A column that is shown on request, and always in CSV.
    pub(crate) const fn more(name: &'static str, fit: Fit, cell: fn(&T) -> Cell) -> Self {
        Self { name, fit, is_usual: false, cell }
    }
}

/// Prints `items` in the requested `form`. If there are none, a person sees the text `nothing`.
pub(crate) fn listing<T: Serialize>(
    form: &Form,
    columns: &[Column<T>],
    items: &[T],
    nothing: &str,
) -> Result<(), Failure> {
    let chosen = choose(form, columns)?;
    if form.json {
        return super::json(&items);
    }
    if form.csv {
        return super::data(&csv(&chosen, items)?);
    }
    if items.is_empty() {
        super::talk(nothing);
        return Ok(());
    }
    super::data(&text(chosen, items, form.columns.is_empty()))
}

fn choose<'a, T>(form: &Form, columns: &'a [Column<T>]) -> Result<Vec<&'a Column<T>>, Failure> {
    if form.columns.is_empty() {
        return Ok(columns.iter().filter(|column| column.is_usual || form.csv).collect());
    }
    let find = |name: &String| {
        columns.iter().find(|column| column.name == name.as_str()).ok_or_else(|| {
            let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
            let hint = format!("there are: {}", names.join(", "));
            Failure::caller(format!("there is no column `{name}`"), hint)
        })
    };
    form.columns.iter().map(find).collect()
}

fn csv<T>(columns: &[&Column<T>], items: &[T]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Failure::ours(error);
    writer.write_record(columns.iter().map(|column| column.name)).map_err(failed)?;
    for item in items {
        let cells = columns.iter().map(|column| {
            let cell = (column.cell)(item);
            let text = cell.raw.unwrap_or(cell.text);
            match column.fit {
                Fit::Right => defused_number(&text).into_owned(),
                Fit::Left | Fit::Rest | Fit::Whole => defused(&text).into_owned(),
            }
        });
        writer.write_record(cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::ours(error.into_error()))?;
    String::from_utf8(bytes).map_err(Failure::ours)
}

fn wide(text: &str) -> usize {
    text.chars().count()
}

/// The width that each column needs for all of its cells.
fn widths<T>(columns: &[&Column<T>], rows: &[Vec<Cell>]) -> Vec<usize> {
    let widest = |(i, column): (usize, &&Column<T>)| {
        rows.iter().map(|row| wide(&row[i].text)).max().unwrap_or(0).max(wide(column.name))
    };
    columns.iter().enumerate().map(widest).collect()
}

/// The part of the widths that does not depend on the terminal, with the gaps.
fn fixed<T>(columns: &[&Column<T>], widths: &[usize]) -> usize {
    let fixed = columns.iter().zip(widths).filter(|(column, _)| !column.fit.is_rest());
    fixed.map(|(_, width)| width + 2).sum()
}

/// Narrows a table that is wider than the terminal. Columns without values are removed if the columns are the `usual`
/// ones and were not requested. Then cells use their shorter values.
fn narrow<T>(columns: &mut Vec<&Column<T>>, rows: &mut [Vec<Cell>], usual: bool) {
    let is_wide = |columns: &[&Column<T>], rows: &[Vec<Cell>]| {
        let rest = if columns.iter().any(|column| column.fit.is_rest()) { 20 } else { 0 };
        fixed(columns, &widths(columns, rows)) + rest > width() + 2
    };
    if !is_wide(columns, rows) {
        return;
    }
    if usual {
        for i in (0..columns.len()).rev() {
            if rows.iter().all(|row| row[i].text.is_empty()) {
                columns.remove(i);
                rows.iter_mut().for_each(|row| drop(row.remove(i)));
            }
        }
    }
    if is_wide(columns, rows) {
        for cell in rows.iter_mut().flatten() {
            cell.text = cell.short.take().unwrap_or(std::mem::take(&mut cell.text));
        }
    }
}

fn text<T>(mut columns: Vec<&Column<T>>, items: &[T], usual: bool) -> String {
    let cell = |column: &&Column<T>, item: &T| {
        let Cell { text, short, raw, meaning } = (column.cell)(item);
        Cell { text: flat(&text).into_owned(), short, raw, meaning }
    };
    let mut rows: Vec<Vec<Cell>> =
        items.iter().map(|item| columns.iter().map(|c| cell(c, item)).collect()).collect();
    narrow(&mut columns, &mut rows, usual);
    let (columns, mut widths) = (columns.as_slice(), widths(&columns, &rows));
    let fixed = fixed(columns, &widths);
    let rests = columns.iter().filter(|column| column.fit.is_rest()).count().max(1);
    let room = (width().saturating_sub(fixed + 2 * (rests - 1)) / rests).max(12);
    for (column, width) in columns.iter().zip(&mut widths) {
        if column.fit.is_rest() {
            *width = (*width).min(room);
        }
    }
    let head = |column: &&Column<T>| {
        Cell::from(column.name.replace('_', " ").to_uppercase()).meaning(Meaning::Faint)
    };
    let head: Vec<Cell> = columns.iter().map(head).collect();
    let mut text = String::new();
    for row in std::iter::once(&head).chain(&rows) {
        let parts: Vec<Vec<String>> = columns
            .iter()
            .zip(row)
            .map(|(column, cell)| match column.fit {
                Fit::Rest => brief(&cell.text, room),
                Fit::Whole => wrap(&cell.text, room),
                Fit::Left | Fit::Right => vec![cell.text.clone()],
            })
            .collect();
        for i in 0..parts.iter().map(Vec::len).max().unwrap_or(1) {
            let mut line = String::new();
            let mut blank = 0;
            for ((column, cell), (part, width)) in
                columns.iter().zip(row).zip(parts.iter().zip(&widths))
            {
                let part = part.get(i).map_or("", String::as_str);
                let pad = width.saturating_sub(wide(part));
                let (before, after) = if column.fit == Fit::Right { (pad, 0) } else { (0, pad) };
                if !part.is_empty() {
                    line.extend(std::iter::repeat_n(' ', blank + before));
                    line.push_str(&paint(part, cell.meaning));
                    blank = 0;
                } else {
                    blank += before;
                }
                blank += after + 2;
            }
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// Breaks `text` into at most two lines.
fn brief(text: &str, room: usize) -> Vec<String> {
    let mut lines = wrap(text, room);
    if lines.len() > 2 {
        let rest = lines.split_off(1).join(" ");
        lines.push(cut(&rest, room));
    }
    lines
}
