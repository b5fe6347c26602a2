//! Reads the tables of a coalition one after another, and collects all errors.

use std::collections::HashMap;
use std::path::Path;

use super::workbook::Book;
use crate::import::columns::{Field, Section};
use crate::import::table::error::{FieldError, ImportError, excerpt, file_name};
use crate::import::table::{Table, TableOptions, read_table};
use crate::import::values::fields::{Columns, RowFields};

/// A value, and the place where it was read.
pub(super) struct Placed<T> {
    pub(super) file: String,
    pub(super) row: u64,
    pub(super) value: T,
}

pub(super) fn values<T>(placed: Vec<Placed<T>>) -> Vec<T> {
    placed.into_iter().map(|placed| placed.value).collect()
}

pub(super) enum Source<'a> {
    Folder(&'a Path),
    Book(Book<'a>),
}

impl Source<'_> {
    /// The name that a person knows the table of `section` by: a file or a sheet.
    pub(super) fn place(&self, section: Section<'_>) -> String {
        match self {
            Self::Folder(_) => format!("{}.csv", section.name),
            Self::Book(book) => format!("the sheet `{}`", book.title(section)),
        }
    }
}

/// The tables of a coalition, and the errors in those that were read so far.
pub(super) struct Folder<'a> {
    pub(super) source: &'a Source<'a>,
    errors: Vec<FieldError>,
    /// Notes for the reader about how the tables were read.
    pub(super) notes: Vec<String>,
}

impl<'a> Folder<'a> {
    pub(super) fn new(source: &'a Source<'a>) -> Self {
        Self { source, errors: Vec::new(), notes: Vec::new() }
    }

    /// Fails with all errors so far, if there are any.
    pub(super) fn check(&mut self) -> Result<(), ImportError> {
        ImportError::unless(std::mem::take(&mut self.errors), ())
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Whether the table of `section` exists.
    pub(super) fn has(&self, section: Section<'_>) -> bool {
        match self.source {
            Source::Folder(dir) => dir.join(format!("{}.csv", section.name)).exists(),
            Source::Book(book) => book.sheet(section).is_some(),
        }
    }

    /// Records an error about the whole table of `section`.
    pub(super) fn fail_table(&mut self, section: Section<'_>, what: &str, hint: &str) {
        let place = match self.source {
            Source::Folder(_) => format!("{}.csv", section.name),
            Source::Book(book) => {
                format!("{}, sheet {}", file_name(book.path), book.title(section))
            }
        };
        self.errors.push(FieldError::of_file(&place, what, hint));
    }

    /// Reads the table of `section`. `None` means that it does not exist.
    pub(super) fn table(&mut self, section: Section<'_>) -> Result<Option<Table>, ImportError> {
        let (path, sheet) = match self.source {
            Source::Folder(dir) => (dir.join(format!("{}.csv", section.name)), None),
            Source::Book(book) => match book.sheet(section) {
                Some(sheet) => (book.path.to_owned(), Some(sheet)),
                None => return Ok(None),
            },
        };
        match self.read(&path, sheet, section) {
            Ok(table) => Ok(Some(table)),
            Err(ImportError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the table in `file` of a folder.
    pub(super) fn table_of(
        &mut self,
        file: &str,
        section: Section<'_>,
    ) -> Result<Table, ImportError> {
        match self.source {
            Source::Folder(dir) => self.read(&dir.join(file), None, section),
            Source::Book(_) => Err(ImportError::NotFound { path: file.to_owned() }),
        }
    }

    fn read(
        &mut self,
        path: &Path,
        sheet: Option<&str>,
        section: Section<'_>,
    ) -> Result<Table, ImportError> {
        let (needed, headings) = (section.needed(None), section.headings(None));
        let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
        let names_sheet = sheet.is_some();
        let options = TableOptions {
            sheet,
            needed: &needed,
            headings: &headings,
            names_sheet,
            ..TableOptions::default()
        };
        let table = read_table(path, options)?;
        self.notes.extend(table.notes.iter().map(|note| format!("{}: {note}", table.file)));
        Ok(table)
    }

    /// Applies `read` to each row of `table`, which has the columns of `section`.
    pub(super) fn rows<'t, T>(
        &mut self,
        table: &'t Table,
        section: Section<'t>,
        mut read: impl FnMut(&mut RowFields<'_>) -> Option<T>,
    ) -> Result<Vec<Placed<T>>, ImportError> {
        let columns = match Columns::find(table, section, None) {
            Ok(columns) => columns,
            Err(ImportError::Rows(errors)) => {
                self.errors.extend(errors);
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let (mut placed, mut warnings) = (Vec::new(), Vec::new());
        for row in &table.rows {
            match RowFields::read(&columns, row, &mut warnings, &mut read) {
                Ok(value) => {
                    placed.push(Placed { file: table.file.clone(), row: row.number, value });
                }
                Err(errors) => self.errors.extend(errors.into_iter().map(FieldError::unmapped)),
            }
        }
        Ok(placed)
    }

    /// Does the same for a table that may be missing. A missing table has no rows.
    pub(super) fn optional_rows<T>(
        &mut self,
        section: Section<'static>,
        read: impl FnMut(&mut RowFields<'_>) -> Option<T>,
    ) -> Result<Vec<Placed<T>>, ImportError> {
        match self.table(section)? {
            Some(table) => self.rows(&table, section, read),
            None => Ok(Vec::new()),
        }
    }

    /// Does the same for a table that must exist. It may have no rows below its header.
    pub(super) fn needed_rows<T>(
        &mut self,
        section: Section<'static>,
        read: impl FnMut(&mut RowFields<'_>) -> Option<T>,
    ) -> Result<Vec<Placed<T>>, ImportError> {
        if let Some(table) = self.table(section)? {
            return self.rows(&table, section, read);
        }
        self.errors.push(self.missing(section));
        Ok(Vec::new())
    }

    fn missing(&self, section: Section<'static>) -> FieldError {
        match self.source {
            Source::Folder(_) => {
                let columns = columns(section, |field| field.name);
                let file = format!("{}.csv", section.name);
                let hint = format!(
                    "create it, at least with its header: {columns}; or copy it from a folder that \
                     `waybill init NEW` creates"
                );
                FieldError::of_file(&file, "there is no such file", hint)
            }
            Source::Book(book) => {
                let columns = columns(section, |field| field.title(book.language));
                let what = format!("there is no sheet `{}`", book.title(section));
                let hint = format!(
                    "add it, at least with its header: {columns}; or copy it from a workbook that \
                     `waybill init --workbook NEW.xlsx` creates"
                );
                FieldError::of_file(&file_name(book.path), what, hint)
            }
        }
    }

    /// Records an error for each row whose `field` repeats the value of an earlier row.
    pub(super) fn unique<T>(
        &mut self,
        placed: &[Placed<T>],
        field: &str,
        key: impl Fn(&T) -> String,
    ) {
        let mut firsts = HashMap::new();
        for row in placed {
            let key = key(&row.value);
            if let Some(first) = firsts.get(&key) {
                let what = format!("is also in row {first}");
                self.fail_at(row, field, &key, what, "remove one of the rows, or rename it");
            } else {
                firsts.insert(key, row.row);
            }
        }
    }

    /// Records an error in `field` at the place where `placed` was read.
    pub(super) fn fail_at<T>(
        &mut self,
        placed: &Placed<T>,
        field: &str,
        value: &str,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.errors.push(FieldError {
            row: Some(placed.row),
            value: Some(excerpt(value)),
            ..FieldError::of_file(&placed.file, what, hint).at(field)
        });
    }
}

/// Lists the required columns of `section`. `title` gives the name of each.
fn columns(section: Section<'static>, title: impl Fn(&Field<'static>) -> &'static str) -> String {
    let needed = section.fields.iter().filter(|field| field.required);
    needed.map(title).collect::<Vec<_>>().join(", ")
}
