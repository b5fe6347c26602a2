//! Makes a coalition to start with, as a folder or a workbook, from the columns that the readers know.

mod example;
mod folder;
mod pipeline;
mod words;
mod workbook;

use chrono::NaiveDate;

use crate::domain::money::Currency;
use crate::import::columns::{Field, Language, Section};
use crate::import::table::error::ImportError;

#[derive(Debug, Clone)]
pub struct Template {
    pub name: String,
    /// The currency of the coalition's totals.
    pub currency: Currency,
    /// The time zone in which its days end.
    pub zone: chrono_tz::Tz,
    /// The coalition's first day.
    pub start: NaiveDate,
    /// The language of explanations and of a workbook's headings.
    pub language: Language,
    /// Whether it has rows that show how to fill it in.
    pub has_example: bool,
}

impl Template {
    /// The files of a folder, each with its name.
    ///
    /// # Errors
    /// [`ImportError::Template`] if the example does not fit its columns.
    pub fn folder(&self) -> Result<Vec<(String, String)>, ImportError> {
        folder::files(self)
    }

    /// The bytes of a workbook.
    ///
    /// # Errors
    /// [`ImportError::Template`] if it cannot be made.
    pub fn workbook(&self) -> Result<Vec<u8>, ImportError> {
        workbook::bytes(self).map_err(|error| ImportError::Template { what: error.to_string() })
    }

    /// The rows of `section`, with a cell for every column.
    fn rows(&self, section: Section<'_>) -> Vec<Vec<String>> {
        let rows = example::rows(self, section.name);
        let cell = |row: &[(&str, String)], field: &Field<'_>| {
            let said = row.iter().find(|(name, _)| *name == field.name);
            said.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        let cells = |row: Vec<(&str, String)>| {
            section.fields.iter().map(|field| cell(&row, field)).collect()
        };
        rows.into_iter().map(cells).collect()
    }
}

/// The longest comment line, in characters.
const WIDEST: usize = 96;

fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut room = 0;
    for word in text.split(' ') {
        let length = word.chars().count() + 1;
        if length > room {
            lines.push_str(if lines.is_empty() { "#" } else { "\n#" });
            room = WIDEST;
        }
        room -= length.min(room);
        lines.push(' ');
        lines.push_str(word);
    }
    lines
}

/// Removes the backticks around text to be typed literally.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
