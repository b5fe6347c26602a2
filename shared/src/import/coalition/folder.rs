//! The tables of a folder, read one after another, with all that is wrong in them.

use std::collections::HashMap;
use std::path::Path;

use super::super::error::{FieldError, ImportError, excerpt};
use super::super::fields::{Columns, RowFields, Section};
use super::super::table::{Table, TableOptions, read_table};

/// A value with the place it was read from.
pub(super) struct Placed<T> {
    /// The file's name.
    pub(super) file: String,
    /// The row in it.
    pub(super) row: u64,
    /// The value.
    pub(super) value: T,
}

/// The values alone.
pub(super) fn values<T>(placed: Vec<Placed<T>>) -> Vec<T> {
    placed.into_iter().map(|placed| placed.value).collect()
}

/// A folder of tables, and what was wrong in those read so far.
pub(super) struct Folder<'a> {
    dir: &'a Path,
    errors: Vec<FieldError>,
}

impl<'a> Folder<'a> {
    /// The folder `dir`.
    pub(super) fn new(dir: &'a Path) -> Self {
        Self { dir, errors: Vec::new() }
    }

    /// Fails with everything that was wrong so far.
    pub(super) fn check(&mut self) -> Result<(), ImportError> {
        ImportError::unless(std::mem::take(&mut self.errors), ())
    }

    /// The table `file`, with what stands in `section`.
    pub(super) fn table(&self, file: &str, section: Section<'_>) -> Result<Table, ImportError> {
        let needed = section.needed(None);
        let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
        let options = TableOptions { needed: &needed, ..TableOptions::default() };
        read_table(&self.dir.join(file), options)
    }

    /// The table `file`; none if there is no such file.
    pub(super) fn optional_table(
        &self,
        file: &str,
        section: Section<'_>,
    ) -> Result<Option<Table>, ImportError> {
        match self.table(file, section) {
            Ok(table) => Ok(Some(table)),
            Err(ImportError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What `read` makes of each row of `table`, in which stands what `section` says.
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
                Err(errors) => self.errors.extend(errors),
            }
        }
        Ok(placed)
    }

    /// The same of a file that may be missing, which then has no rows.
    pub(super) fn optional_rows<T>(
        &mut self,
        file: &str,
        section: Section<'static>,
        read: impl FnMut(&mut RowFields<'_>) -> Option<T>,
    ) -> Result<Vec<Placed<T>>, ImportError> {
        match self.optional_table(file, section)? {
            Some(table) => self.rows(&table, section, read),
            None => Ok(Vec::new()),
        }
    }

    /// Notes rows that give `field` a value that an earlier row has given it.
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
                let what = format!("row {first} has the same");
                self.fail_at(row, field, &key, what, "remove one of the rows, or rename it");
            } else {
                firsts.insert(key, row.row);
            }
        }
    }

    /// Notes that `field` is wrong where `placed` was read.
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
