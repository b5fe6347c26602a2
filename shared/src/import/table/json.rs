//! Reads JSON: an array of flat objects, or one flat object a line.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::budget::Budget;
use super::text::{TextLines, WholeText};
use super::{MAX_COLUMNS, Problem, ReadLimits, Row, Shown, Table, Typed, plain_number};
use crate::domain::text::canonical;
use crate::import::table::error::ImportError;

/// Reads JSON lines. Empty lines are skipped.
pub(super) fn read_lines(mut lines: TextLines, limits: ReadLimits) -> Result<Table, ImportError> {
    let mut reader = Objects::new(Budget::new(&lines.file, limits));
    while let Some(line) = lines.next()? {
        if line.text.trim().is_empty() {
            continue;
        }
        let mut json = serde_json::Deserializer::from_str(&line.text);
        let read = Object { reader: &mut reader, row: line.row }.deserialize(&mut json);
        let read = read.and_then(|()| json.end());
        reader.check(&lines.file, line.row, read)?;
    }
    reader.finish(lines.file)
}

pub(super) fn read_array(whole: WholeText, limits: ReadLimits) -> Result<Table, ImportError> {
    let mut reader = Objects::new(Budget::new(&whole.file, limits));
    let mut json = serde_json::Deserializer::from_str(&whole.text);
    if whole.text.trim().is_empty() {
        return Err(ImportError::Empty { file: whole.file });
    }
    let read = json.deserialize_seq(Array(&mut reader)).and_then(|()| json.end());
    let row = reader.rows.len() as u64 + 1;
    reader.check(&whole.file, row, read)?;
    reader.finish(whole.file)
}

struct Objects {
    header: Vec<String>,
    columns: HashMap<String, usize>,
    rows: Vec<Row>,
    budget: Budget,
    /// Why reading stopped.
    refused: Option<ImportError>,
}

impl Objects {
    fn new(budget: Budget) -> Self {
        let (header, columns, rows) = Default::default();
        Self { header, columns, rows, budget, refused: None }
    }

    /// The column of `key`. A new key becomes a new column.
    fn column(&mut self, key: String) -> usize {
        let next = self.header.len();
        match self.columns.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.header.push(new.key().clone());
                *new.insert(next)
            }
        }
    }

    fn check(
        &mut self,
        file: &str,
        row: u64,
        read: Result<(), serde_json::Error>,
    ) -> Result<(), ImportError> {
        let file = file.to_owned();
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        if self.header.len() > MAX_COLUMNS {
            return Err(ImportError::TooManyColumns { file });
        }
        read.map_err(|source| ImportError::Json { file, row, source })
    }

    fn finish(self, file: String) -> Result<Table, ImportError> {
        if self.header.is_empty() {
            return Err(ImportError::Empty { file });
        }
        let (header, rows) = (self.header, self.rows);
        Ok(Table { header, rows, has_point: true, ..Table::of(file) })
    }
}

struct Array<'a>(&'a mut Objects);

impl<'de> Visitor<'de> for Array<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of flat objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut objects: A) -> Result<(), A::Error> {
        loop {
            let row = self.0.rows.len() as u64 + 1;
            if objects.next_element_seed(Object { reader: &mut *self.0, row })?.is_none() {
                return Ok(());
            }
        }
    }
}

struct Object<'a> {
    reader: &'a mut Objects,
    row: u64,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flat object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut row = Row::new(self.row, Vec::new());
        let mut seen = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            // Repeated keys count as well, so that they cannot be used to get around the limit.
            if seen.len() == MAX_COLUMNS {
                return Err(serde::de::Error::custom("too many keys"));
            }
            let name = key.clone();
            let column = self.reader.column(canonical(&key).into_owned());
            if column >= MAX_COLUMNS {
                return Err(serde::de::Error::custom("too many keys"));
            }
            let mut problem = |what: String, hint: &str| {
                row.problems.push(Problem { column: Some(column), what, hint: hint.to_owned() });
            };
            if seen.contains(&column) {
                problem(format!("the key `{name}` occurs twice"), "keep one of them");
            }
            seen.push(column);
            match entries.next_value_seed(Cell)? {
                Scalar::Text(text) => row.set(column, text),
                Scalar::Number(text, shown) => {
                    row.set(column, text);
                    row.typed.push(Typed { column, shown });
                }
                Scalar::Inexact => problem(
                    "the number has more than 15 digits, so it may not be read exactly".into(),
                    "write it as a string, in quotes",
                ),
                Scalar::Nested => problem(
                    "the value is a list or an object".into(),
                    "flatten it: a string, number, true, false or null",
                ),
            }
        }
        if let Err(refused) = self.reader.budget.take(&row) {
            self.reader.refused = Some(refused);
            return Err(serde::de::Error::custom("too much"));
        }
        self.reader.rows.push(row);
        Ok(())
    }
}

/// A value of an object, as text where possible.
enum Scalar {
    Text(String),
    Number(String, Shown),
    Inexact,
    Nested,
}

struct Cell;

impl<'de> DeserializeSeed<'de> for Cell {
    type Value = Scalar;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Scalar, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cell {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, number, true, false or null")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string(), Shown::Plainly))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string(), Shown::Plainly))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        let text = plain_number(value);
        // A number that does not survive 15 digits may have been rounded already.
        let shown = Shown::Not("a number with decimals, of which 1.0 and 1 are the same");
        Ok(if text.parse() == Ok(value) { Scalar::Number(text, shown) } else { Scalar::Inexact })
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Text(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scalar, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }
}
