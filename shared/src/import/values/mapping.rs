//! Says which columns of a foreign file are which of our fields.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::format::{Item, StrftimeItems};
use serde::Deserialize;

use crate::domain::nearest::{closest, did_you_mean};
use crate::domain::text::canonical;
use crate::import::columns::lines::LINE_FIELDS;
use crate::import::table::error::{FieldError, ImportError, excerpt, file_name};
use crate::import::table::{Separator, is_encoding, read_settings};
use crate::import::values::number::Notation;
use crate::import::values::parse::ISO_DATE;

/// The most names that a hint lists.
const MOST_SHOWN: usize = 40;

/// The lowest row in which a mapping may place the header.
const MOST_ROWS_ABOVE: u64 = 10_000;

/// The character between whole units and decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum DecimalMark {
    /// A point. Thousands may be grouped by commas, spaces or apostrophes.
    #[serde(rename = ".")]
    Point,
    /// A comma. Thousands may be grouped by points, spaces or apostrophes.
    #[serde(rename = ",")]
    Comma,
}

/// A mapping file: it turns the columns and codes of a foreign file into ours.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The encoding of the file. `None` means UTF-8.
    pub encoding: Option<String>,
    /// The format of dates, such as `%d.%m.%Y`. `None` means `%Y-%m-%d`, which is always accepted
    /// too.
    pub date: Option<String>,
    /// `None` means a point, and numbers that could be read in two ways are refused.
    pub decimal: Option<DecimalMark>,
    /// The separator of a CSV file. `None` means the one that the header shows.
    pub separator: Option<Separator>,
    /// The row with the column names, from 1. `None` means the first row that has all required
    /// columns.
    pub header_row: Option<u64>,
    /// The sheet of a workbook. `None` means the first.
    pub sheet: Option<String>,
    /// Whether the rank of a line is the number of its data row, from 1.
    #[serde(default)]
    pub rank_from_row: bool,
    /// Our field to the foreign column.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// Our field to the value that it has in every row.
    #[serde(default, deserialize_with = "constants")]
    pub constants: BTreeMap<String, String>,
    /// Our field to the translations of its values. Values that are not listed stay as they are.
    #[serde(default)]
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
}

impl Mapping {
    /// Reads the mapping file at `path`.
    ///
    /// # Errors
    /// [`ImportError`] if it cannot be read, is not TOML, or names unknown fields or formats.
    pub fn read(path: &Path) -> Result<Self, ImportError> {
        Self::parse(&file_name(path), &read_settings(path)?)
    }

    /// Reads a mapping from `text`. Errors call it `file`.
    ///
    /// # Errors
    /// The same as [`Mapping::read`].
    pub fn parse(file: &str, text: &str) -> Result<Self, ImportError> {
        let mapping: Self = toml::from_str(text).map_err(|source| ImportError::Toml {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        ImportError::unless(mapping.faults(file), mapping)
    }

    fn faults(&self, file: &str) -> Vec<FieldError> {
        let tables = [
            ("columns", self.columns.keys().collect::<Vec<_>>()),
            ("constants", self.constants.keys().collect()),
            ("codes", self.codes.keys().collect()),
        ];
        let mut errors = Vec::new();
        for (table, names) in tables {
            for name in names {
                if !LINE_FIELDS.contains(&name.as_str()) {
                    let hint = suggestion(name, "the fields are", LINE_FIELDS.iter().copied());
                    let what = "there is no such field";
                    let error = FieldError::of_file(file, what, hint);
                    errors.push(error.at(&format!("{table}.{name}")));
                }
            }
        }
        for name in self.columns.keys().filter(|name| self.constants.contains_key(*name)) {
            let hint = "keep it in one of them";
            errors.push(
                FieldError::of_file(file, "is in both [columns] and [constants]", hint).at(name),
            );
        }
        if self.rank_from_row
            && (self.columns.contains_key("rank") || self.constants.contains_key("rank"))
        {
            let hint = "remove rank_from_row, or the rank from [columns] and [constants]";
            errors.push(
                FieldError::of_file(file, "rank_from_row already gives the rank", hint).at("rank"),
            );
        }
        let date = self.date_format();
        if StrftimeItems::new(date).any(|item| item == Item::Error) {
            let hint = "use %Y, %m and %d, such as %d.%m.%Y";
            let error = FieldError::of_file(file, "is not a date format", hint).at("date");
            errors.push(FieldError { value: Some(excerpt(date)), ..error });
        }
        if let Some(label) = self.encoding.as_ref().filter(|label| !is_encoding(label)) {
            let hint = "use utf-8, windows-1251, windows-1252 or iso-8859-2";
            let what = "is not a supported encoding";
            let error = FieldError::of_file(file, what, hint).at("encoding");
            errors.push(FieldError { value: Some(excerpt(label)), ..error });
        }
        if self.header_row.is_some_and(|row| !(1..=MOST_ROWS_ABOVE).contains(&row)) {
            let what = "is not a row number";
            let hint = format!("give the number of the header row, from 1 to {MOST_ROWS_ABOVE}");
            errors.push(FieldError::of_file(file, what, hint).at("header_row"));
        }
        errors
    }

    /// How dates are written.
    pub(in crate::import) fn date_format(&self) -> &str {
        self.date.as_deref().unwrap_or(ISO_DATE)
    }

    /// The value that stands for `value` of `field`.
    pub(in crate::import) fn translate<'a>(&'a self, field: &str, value: &'a str) -> &'a str {
        let Some(codes) = self.codes.get(field) else { return value };
        let is_same = |(code, _): &(&String, &String)| canonical(code) == canonical(value);
        let same = || codes.iter().find(is_same).map(|(_, to)| to);
        let found = codes.get(value).or_else(|| if value.is_ascii() { None } else { same() });
        found.map_or(value, String::as_str)
    }

    /// What it says of the marks in numbers.
    pub(in crate::import) fn notation(&self) -> Notation {
        self.decimal.map_or(Notation::Unstated, Notation::Stated)
    }
}

/// `did you mean ...`, or what there is.
pub(in crate::import) fn suggestion<'a>(
    name: &str,
    there: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> String {
    match closest(name, names.clone()) {
        Some(near) => did_you_mean(name, near),
        None => {
            let shown: Vec<String> = names.clone().take(MOST_SHOWN).map(excerpt).collect();
            let more = if names.count() > MOST_SHOWN { ", and more" } else { "" };
            format!("{there}: {}{more}", shown.join(", "))
        }
    }
}

/// Reads constants as text. TOML may also state them as whole numbers or dates.
fn constants<'de, D: serde::Deserializer<'de>>(
    toml: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let values = BTreeMap::<String, toml::Value>::deserialize(toml)?;
    let mut texts = BTreeMap::new();
    for (name, value) in values {
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Datetime(date) => date.to_string(),
            toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => {
                let what = format!("the constant `{name}` must be a text: put it in quotes");
                return Err(serde::de::Error::custom(what));
            }
        };
        texts.insert(name, text);
    }
    Ok(texts)
}
