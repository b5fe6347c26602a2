//! Finds out which sheet of a coalition's workbook is which table.

use std::path::Path;

use crate::import::columns::{GUIDE, LINES, Language, SECTIONS, SETTINGS, Section, compared};
use crate::import::table::error::{FieldError, ImportError, file_name};
use crate::import::table::{Named, TableOptions, has_header, sheets};

/// The most skipped sheets that a note names.
const NAMED: usize = 10;

/// How many tables other than lines a workbook without settings needs to count as a coalition.
const ENOUGH: usize = 2;

pub(super) struct Book<'a> {
    pub(super) path: &'a Path,
    /// The language of the sheet names.
    pub(super) language: Language,
    /// The section's name and the sheet's name of each table found.
    found: Vec<(&'static str, String)>,
}

/// Whether the file at `path` is a workbook with a whole coalition, not only with lines.
///
/// # Errors
/// [`ImportError`] if it is a workbook that cannot be read.
pub fn is_coalition_book(path: &Path) -> Result<bool, ImportError> {
    let Some(sheets) = sheets(path)? else { return Ok(false) };
    let mut of: Vec<&str> =
        sheets.iter().filter_map(|sheet| Some(titled(&sheet.name)?.name)).collect();
    of.sort_unstable();
    of.dedup();
    let others = of.iter().filter(|name| **name != LINES.name).count();
    Ok(of.contains(&SETTINGS.name) || others >= ENOUGH)
}

fn titled(name: &str) -> Option<Section<'static>> {
    SECTIONS.into_iter().find(|section| section.is_titled(name))
}

impl<'a> Book<'a> {
    /// Finds the sheets of the workbook at `path` by their names, then by their headers. Adds a note to `notes` about
    /// sheets that it skips.
    pub(super) fn open(path: &'a Path, notes: &mut Vec<String>) -> Result<Self, ImportError> {
        let file = file_name(path);
        let all = sheets(path)?.unwrap_or_default();
        let mut book = Self { path, language: language(&all), found: Vec::new() };
        let mut others = Vec::new();
        for sheet in all {
            let Some(section) = titled(&sheet.name) else {
                if !sheet.is_hidden {
                    others.push(sheet.name);
                }
                continue;
            };
            if let Some(first) = book.sheet(section) {
                let what =
                    format!("sheets `{first}` and `{}` are both {}", sheet.name, section.name);
                let hint = "put all rows into one of them, and remove or rename the other";
                return Err(ImportError::Rows(vec![FieldError::of_file(&file, what, hint)]));
            }
            book.found.push((section.name, sheet.name));
        }
        others.retain(|name| !GUIDE.iter().any(|guide| compared(guide) == compared(name)));
        let mut ignored = Vec::new();
        for name in others {
            match book.by_header(&name)? {
                Some(section) => {
                    let title = book.title(section);
                    notes.push(format!(
                        "{file}: sheet `{name}` is read as `{title}` because of its header"
                    ));
                    book.found.push((section.name, name));
                }
                None => ignored.push(format!("`{name}`")),
            }
        }
        if !ignored.is_empty() {
            let more = ignored.len().saturating_sub(NAMED);
            ignored.truncate(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let listed = ignored.join(", ");
            notes.push(format!(
                "{file}: not read, because no table of a coalition has this name: {listed}{more}"
            ));
        }
        Ok(book)
    }

    /// The section whose required columns are all in the sheet `name`. Sections that were found already are not
    /// considered.
    fn by_header(&self, name: &str) -> Result<Option<Section<'static>>, ImportError> {
        for section in SECTIONS {
            let needed = section.needed(None);
            if self.sheet(section).is_some() || needed.len() < 3 {
                continue;
            }
            let headings = section.headings(None);
            let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
            let sheet = Some(name);
            let options =
                TableOptions { sheet, needed: &needed, headings: &headings, ..Default::default() };
            if has_header(self.path, name, &options)? {
                return Ok(Some(section));
            }
        }
        Ok(None)
    }

    pub(super) fn sheet(&self, section: Section<'_>) -> Option<&str> {
        let found = self.found.iter().find(|(name, _)| *name == section.name);
        found.map(|(_, sheet)| sheet.as_str())
    }

    /// The name of the sheet of `section`; if there is none, the usual name.
    pub(super) fn title(&self, section: Section<'_>) -> String {
        self.sheet(section).unwrap_or_else(|| section.title(self.language)).to_owned()
    }
}

/// The language that names most of the sheets.
fn language(sheets: &[Named]) -> Language {
    let known = |language: Language| {
        let is_in = |sheet: &&Named| {
            titled(&sheet.name)
                .is_some_and(|section| compared(section.title(language)) == compared(&sheet.name))
        };
        sheets.iter().filter(is_in).count()
    };
    // `max_by_key` returns the last maximum, so English wins a tie.
    let all = [Language::Ukrainian, Language::French, Language::English];
    all.into_iter().max_by_key(|language| known(*language)).unwrap_or(Language::English)
}
