//! Which columns of a foreign file mean what.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::format::{Item, StrftimeItems};
use serde::Deserialize;

use super::error::{FieldError, ImportError, excerpt, file_name};
use super::lines::LINE_FIELDS;
use super::parse::{Fault, ISO_DATE, closest};
use super::table::{is_encoding, read_settings};

/// The most names that a hint lists.
const MOST_SHOWN: usize = 40;

/// What separates whole units from their parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum DecimalMark {
    /// A point; thousands are not grouped.
    #[default]
    #[serde(rename = ".")]
    Point,
    /// A comma; thousands may be grouped by points or spaces.
    #[serde(rename = ",")]
    Comma,
}

/// A mapping file: how the columns and codes of a foreign file become ours.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The encoding of the file; none: UTF-8.
    pub encoding: Option<String>,
    /// How dates are written, such as `%d.%m.%Y`; none: `%Y-%m-%d`, which is always taken too.
    pub date: Option<String>,
    /// What separates whole units from their parts.
    #[serde(default)]
    pub decimal: DecimalMark,
    /// The sheet of an XLSX file; none: the first.
    pub sheet: Option<String>,
    /// Whether the rank of a line is the number of its data row, from 1.
    #[serde(default)]
    pub rank_from_row: bool,
    /// The foreign column of each of our fields.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// The value of our field in every row.
    #[serde(default, deserialize_with = "constants")]
    pub constants: BTreeMap<String, String>,
    /// Translations of the values of our fields; a value that is not listed passes as it is.
    #[serde(default)]
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
}

impl Mapping {
    /// Reads the mapping file at `path`.
    ///
    /// # Errors
    /// [`ImportError`] if it cannot be read, is not TOML, or names fields or formats that are not.
    pub fn read(path: &Path) -> Result<Self, ImportError> {
        Self::parse(&file_name(path), &read_settings(path)?)
    }

    /// Reads a mapping from `text`; errors call it `file`.
    ///
    /// # Errors
    /// As [`Mapping::read`].
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
                FieldError::of_file(file, "rank_from_row gives the rank too", hint).at("rank"),
            );
        }
        let date = self.date_format();
        if StrftimeItems::new(date).any(|item| item == Item::Error) {
            let hint = "use %Y, %m and %d, such as %d.%m.%Y";
            let error = FieldError::of_file(file, "is not a format of dates", hint).at("date");
            errors.push(FieldError { value: Some(excerpt(date)), ..error });
        }
        if let Some(label) = self.encoding.as_ref().filter(|label| !is_encoding(label)) {
            let hint = "use utf-8, windows-1251, windows-1252 or iso-8859-2";
            let what = "is not an encoding that is read";
            let error = FieldError::of_file(file, what, hint).at("encoding");
            errors.push(FieldError { value: Some(excerpt(label)), ..error });
        }
        errors
    }

    /// How dates are written.
    pub(super) fn date_format(&self) -> &str {
        self.date.as_deref().unwrap_or(ISO_DATE)
    }

    /// The value that stands for `value` of `field`.
    pub(super) fn translate<'a>(&'a self, field: &str, value: &'a str) -> &'a str {
        let translated = self.codes.get(field).and_then(|codes| codes.get(value));
        translated.map_or(value, String::as_str)
    }

    /// `number` as a plain decimal with a point and no grouping.
    pub(super) fn plain_decimal(&self, number: &str) -> Result<String, Fault> {
        match self.decimal {
            DecimalMark::Point => Ok(number.to_owned()),
            DecimalMark::Comma => ungroup(number).ok_or_else(|| {
                Fault::new(
                    "is not a number with a decimal comma",
                    "write it as 1250,50 or 1.250,50, or set `decimal = \".\"` in the mapping",
                )
            }),
        }
    }
}

/// `1.250,50` or `1 250,50` as `1250.50`. Groups must be of three digits: else `1.5`, which is one
/// and a half by mistake, would pass as fifteen.
fn ungroup(number: &str) -> Option<String> {
    let (whole, fraction) = match number.split_once(',') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    if fraction.is_some_and(|fraction| !fraction.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let is_group =
        |group: &str| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    let is_mark = |c: char| matches!(c, '.' | ' ' | '\u{a0}' | '\u{202f}');
    let mark = whole.chars().find(|c| is_mark(*c));
    let digits = match mark {
        None => whole.to_owned(),
        Some(mark) => {
            let groups: Vec<&str> = whole.split(mark).collect();
            let (first, others) = groups.split_first()?;
            let first_fits = (1..=3).contains(&first.trim_start_matches('-').len());
            if !first_fits || others.iter().any(|group| !is_group(group)) {
                return None;
            }
            groups.concat()
        }
    };
    Some(match fraction {
        Some(fraction) => format!("{digits}.{fraction}"),
        None => digits,
    })
}

/// `did you mean ...`, or what there is.
pub(super) fn suggestion<'a>(
    name: &str,
    there: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> String {
    match closest(name, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let shown: Vec<String> = names.clone().take(MOST_SHOWN).map(excerpt).collect();
            let more = if names.count() > MOST_SHOWN { ", and more" } else { "" };
            format!("{there}: {}{more}", shown.join(", "))
        }
    }
}

/// Constants as text, from what TOML writes without quotes too.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grouping_is_of_three_digits() {
        for (given, plain) in [
            ("1.250,50", Some("1250.50")),
            ("1 250", Some("1250")),
            ("12\u{a0}345\u{a0}678,9", Some("12345678.9")),
            ("19,99", Some("19.99")),
            ("-5,5", Some("-5.5")),
            ("1.5", None),
            ("1.25", None),
            ("1234.567", None),
            ("1,2,3", None),
            ("1.2 3", None),
        ] {
            assert_eq!(ungroup(given).as_deref(), plain, "{given}");
        }
    }
}
