//! Reads the fields of a row, whichever column holds them, and collects all errors.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::money::{Currency, Money};
use crate::domain::price::Price;
use crate::domain::quantity::{Quantity, Unit};

use crate::domain::text::{canonical, mixed};
use crate::import::columns::{Field, Section};
use crate::import::table::error::{FieldError, ImportError, excerpt};
use crate::import::table::{Row, Shown, Table};
use crate::import::values::mapping::{Mapping, suggestion};
use crate::import::values::number::Notation;
use crate::import::values::parse::{self, Fault, ISO_DATE};

/// Fields whose values are confidential, so that not even errors show them.
const SECRET_FIELDS: [&str; 1] = ["address"];

/// Fields of a line whose decimal mark matters.
const NUMBERS: [&str; 3] = ["quantity", "unit_estimate", "smallest_lot"];

impl<'a> Section<'a> {
    /// The names of the columns that the file must have, read by `mapping`.
    pub(in crate::import) fn needed(&self, mapping: Option<&Mapping>) -> Vec<String> {
        let needed = self.fields.iter().filter(|field| field.required);
        let column = |field: &Field<'_>| match mapping {
            Some(mapping) if mapping.constants.contains_key(field.name) => None,
            Some(mapping) if !mapping.columns.is_empty() => {
                mapping.columns.get(field.name).cloned()
            }
            _ => Some(field.name.to_owned()),
        };
        needed.filter_map(column).map(|name| canonical(&name).into_owned()).collect()
    }

    /// The headings by which its columns are known besides their names; a mapping that names columns knows its own.
    pub(in crate::import) fn headings(&self, mapping: Option<&Mapping>) -> Vec<(String, &'a str)> {
        if mapping.is_some_and(|mapping| !mapping.columns.is_empty()) {
            return Vec::new();
        }
        let all = self.fields.iter();
        all.flat_map(|field| field.headings().map(|heading| (heading, field.name))).collect()
    }
}

/// Where the fields of a file are.
pub(in crate::import) struct Columns<'a> {
    file: &'a str,
    notation: Notation,
    sources: HashMap<&'a str, Source<'a>>,
    mapping: Option<&'a Mapping>,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Column(usize),
    Constant(&'a str),
}

impl<'a> Columns<'a> {
    /// Finds the fields of `section` in the header of `table`, by `mapping` or by their own names.
    pub(in crate::import) fn find(
        table: &'a Table,
        section: Section<'a>,
        mapping: Option<&'a Mapping>,
    ) -> Result<Self, ImportError> {
        let Section { fields, ignored, .. } = section;
        let file = table.file.as_str();
        let notation = match mapping.map_or(Notation::Unstated, Mapping::notation) {
            Notation::Unstated if table.has_point => Notation::Format,
            stated => stated,
        };
        let mut columns = Self { file, notation, sources: HashMap::new(), mapping };
        let mut errors = Vec::new();
        for field in fields {
            match columns.source(field, table) {
                Ok(Some(source)) => drop(columns.sources.insert(field.name, source)),
                Ok(None) => {}
                Err(Fault { what, hint }) => {
                    errors.push(FieldError::of_file(file, what, hint).at(field.name));
                }
            }
        }
        if !errors.is_empty() && !table.elsewhere.is_empty() {
            let missing: Vec<&str> =
                errors.iter().filter_map(|error| error.field.as_deref()).collect();
            let what = format!("the sheet lacks columns: {}", missing.join(", "));
            let sheets = table.elsewhere.join(", ");
            let hint = format!(
                "sheet {sheets} has all columns: read it with --sheet, or `sheet` in a mapping file"
            );
            return Err(ImportError::Rows(vec![FieldError::of_file(file, what, hint)]));
        }
        if mapping.is_none() {
            let is_known = |name: &str| {
                ignored.contains(&name) || fields.iter().any(|field| field.name == name)
            };
            for name in table.header.iter().filter(|name| !is_known(name)) {
                let names = fields.iter().map(|field| field.name);
                let hint = suggestion(name, "the fields are", names);
                let hint = format!("{hint}; see docs/file-formats.md#{}", section.name);
                errors.push(FieldError::of_file(file, "there is no such field", hint).at(name));
            }
        }
        ImportError::unless(errors, columns)
    }

    /// The columns of fields that are names, ids, codes or other text.
    pub(in crate::import) fn named(&self) -> Vec<usize> {
        let is_text = |name: &&&str| !NUMBERS.contains(*name);
        let named = self.sources.iter().filter(|(name, _)| is_text(name));
        let column = |(_, source): (_, &Source<'_>)| match source {
            Source::Column(column) => Some(*column),
            Source::Constant(_) => None,
        };
        let mut named: Vec<usize> = named.filter_map(column).collect();
        named.sort_unstable();
        named
    }

    fn source(&self, field: &Field<'_>, table: &Table) -> Result<Option<Source<'a>>, Fault> {
        let column = match self.mapping {
            None => Some(field.name),
            Some(mapping)
                if mapping.columns.is_empty() && !mapping.constants.contains_key(field.name) =>
            {
                Some(field.name)
            }
            Some(mapping) => {
                if let Some(constant) = mapping.constants.get(field.name) {
                    return Ok(Some(Source::Constant(constant)));
                }
                mapping.columns.get(field.name).map(String::as_str)
            }
        };
        let there = || table.header.iter().map(String::as_str);
        let error = |what: &str, hint: String| Err(Fault::new(what, hint));
        let found = column.and_then(|column| {
            let column = canonical(column);
            there().position(|name| name == column)
        });
        match (found, column, self.mapping) {
            (Some(index), _, _) => Ok(Some(Source::Column(index))),
            (None, Some(column), Some(mapping)) if !mapping.columns.is_empty() => error(
                &format!(
                    "the mapping takes it from column `{}`, which does not exist",
                    excerpt(column)
                ),
                suggestion(column, "the columns are", there()),
            ),
            (None, _, _) if !field.required => Ok(None),
            (None, None, Some(_)) => error(
                "is required, and the mapping does not give it",
                "name it in [columns] or [constants]".to_owned(),
            ),
            (None, _, _) => {
                error("the column is missing", suggestion(field.name, "the columns are", there()))
            }
        }
    }
}

/// The fields of one row. What is wrong is noted, and the value then is none.
pub(in crate::import) struct RowFields<'a> {
    columns: &'a Columns<'a>,
    row: &'a Row,
    errors: Vec<FieldError>,
    warnings: &'a mut Vec<FieldError>,
}

impl<'a> RowFields<'a> {
    /// What `read` makes of `row`; everything that is wrong with it if it is not whole. What to
    /// doubt of it is added to `warnings`.
    pub(in crate::import) fn read<T>(
        columns: &'a Columns<'a>,
        row: &'a Row,
        warnings: &'a mut Vec<FieldError>,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Result<T, Vec<FieldError>> {
        let mut fields = Self { columns, row, errors: Vec::new(), warnings };
        for problem in row.problems.iter().filter(|problem| problem.column.is_none()) {
            fields.errors.push(FieldError {
                row: Some(row.number),
                ..FieldError::of_file(columns.file, &problem.what, &problem.hint)
            });
        }
        if !fields.errors.is_empty() {
            return Err(fields.errors);
        }
        match read(&mut fields) {
            Some(value) if fields.errors.is_empty() => Ok(value),
            _ => Err(fields.errors),
        }
    }

    /// Notes that `field` is wrong.
    pub(in crate::import) fn fail(&mut self, field: &str, fault: Fault) {
        let error = self.at(field, fault);
        self.errors.push(error);
    }

    fn at(&self, field: &str, Fault { what, mut hint }: Fault) -> FieldError {
        let value = Some(self.raw(field)).filter(|value| !value.is_empty());
        let value = value.filter(|_| !SECRET_FIELDS.contains(&field));
        if let Some(letter) = value.filter(|value| !value.is_ascii()).and_then(mixed)
            && !what.contains("U+")
            && !hint.contains("U+")
        {
            hint = format!("{hint}; the value contains {letter}");
        }
        FieldError {
            file: self.columns.file.to_owned(),
            row: Some(self.row.number),
            field: Some(field.to_owned()),
            value: value.map(excerpt),
            what,
            hint,
        }
    }

    /// Whether the row gives `field`, if only wrongly.
    pub(in crate::import) fn has(&self, field: &str) -> bool {
        self.problem(field).is_some() || !self.raw(field).is_empty()
    }

    /// The text of `field`, trimmed. Empty if the file does not have the field.
    fn raw(&self, field: &str) -> &'a str {
        match self.columns.sources.get(field) {
            Some(Source::Column(column)) => self.row.cell(*column).trim(),
            Some(Source::Constant(text)) => text.trim(),
            None => "",
        }
    }

    /// What the cell of `field` displays, if it does not hold text.
    fn shown(&self, field: &str) -> Option<&'a Shown> {
        match self.columns.sources.get(field)? {
            Source::Column(column) => self.row.shown(*column),
            Source::Constant(_) => None,
        }
    }

    /// How the number in `field` is written.
    fn notation(&self, field: &str) -> Notation {
        match self.shown(field) {
            Some(_) => Notation::Exact,
            None => self.columns.notation,
        }
    }

    /// The problem that the table's reader found in the cell of `field`.
    fn problem(&self, field: &str) -> Option<Fault> {
        let Some(Source::Column(column)) = self.columns.sources.get(field) else { return None };
        let problem = self.row.problems.iter().find(|problem| problem.column == Some(*column))?;
        Some(Fault::new(&problem.what, &problem.hint))
    }

    /// The value of `field`, if it is given.
    pub(in crate::import) fn optional<T>(
        &mut self,
        field: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        if let Some(fault) = self.problem(field) {
            self.fail(field, fault);
            return None;
        }
        let raw = Some(self.raw(field)).filter(|value| !value.is_empty())?;
        let value = self.columns.mapping.map_or(raw, |mapping| mapping.translate(field, raw));
        match parse(value) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.fail(field, fault);
                None
            }
        }
    }

    /// The value of `field`, which must be given.
    pub(in crate::import) fn required<T>(
        &mut self,
        field: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        if !self.has(field) {
            self.fail(field, Fault::new("is required but empty", "fill it in"));
            return None;
        }
        self.optional(field, parse)
    }

    /// The text of `field`, as it is written.
    pub(in crate::import) fn text(&mut self, field: &str) -> Option<String> {
        let shown = self.shown(field);
        self.required(field, |text| parse::text(as_shown(text, shown)))
    }

    /// The text of `field`, if it is given.
    pub(in crate::import) fn optional_text(&mut self, field: &str) -> Option<String> {
        let shown = self.shown(field);
        self.optional(field, |text| parse::text(as_shown(text, shown)))
    }

    /// The id or code of `field`, in the form by which such are compared.
    pub(in crate::import) fn id(&mut self, field: &str) -> Option<String> {
        self.named(field, true, parse::id)
    }

    /// The id or code of `field`, if it is given.
    pub(in crate::import) fn optional_id(&mut self, field: &str) -> Option<String> {
        self.named(field, false, parse::id)
    }

    /// The name of `field`, which may be longer than an id, in the form by which such are compared.
    pub(in crate::import) fn name(&mut self, field: &str) -> Option<String> {
        self.named(field, true, parse::name)
    }

    /// The name of `field`, if it is given.
    pub(in crate::import) fn optional_name(&mut self, field: &str) -> Option<String> {
        self.named(field, false, parse::name)
    }

    /// Reads a name with `parse`. If the cell does not hold text, what it displays is read.
    fn named(
        &mut self,
        field: &str,
        is_required: bool,
        parse: fn(&str) -> Result<String, Fault>,
    ) -> Option<String> {
        let shown = self.shown(field);
        let read = |text: &str| match shown {
            None | Some(Shown::Plainly) => parse(text),
            Some(Shown::As(shown)) => parse(shown),
            Some(Shown::Not(what)) => {
                let hint = "format the column as text and type the value that you mean";
                Err(Fault::new(format!("the cell contains {what}"), hint))
            }
        };
        let name = match is_required {
            true => self.required(field, read),
            false => self.optional(field, read),
        }?;
        if !name.is_ascii()
            && let Some(letter) = mixed(&name)
        {
            let hint = "retype it if it should be Latin: names are compared letter by letter";
            let warning = self.at(field, Fault::new(format!("contains {letter}"), hint));
            self.warnings.push(warning);
        }
        Some(name)
    }

    /// The date of `field`.
    pub(in crate::import) fn date(&mut self, field: &str) -> Option<NaiveDate> {
        let format = self.columns.mapping.map_or(ISO_DATE, Mapping::date_format);
        self.required(field, |text| parse::date(text, format))
    }

    /// The date of `field`, if it is given.
    pub(in crate::import) fn optional_date(&mut self, field: &str) -> Option<NaiveDate> {
        if self.has(field) { self.date(field) } else { None }
    }

    /// The amount of `field` in `currency`, more than zero.
    pub(in crate::import) fn money(
        &mut self,
        field: &str,
        currency: Option<Currency>,
    ) -> Option<Money> {
        let notation = self.notation(field);
        let read = |text: &str| match currency {
            Some(currency) => parse::positive_money(text, currency, notation).map(Some),
            // The unknown currency is an error of its own field.
            None => Ok(None),
        };
        self.required(field, read).flatten()
    }

    /// The price of `field` in `currency`, more than zero.
    pub(in crate::import) fn price(
        &mut self,
        field: &str,
        currency: Option<Currency>,
    ) -> Option<Price> {
        let notation = self.notation(field);
        let read = |text: &str| match currency {
            Some(currency) => parse::positive_price(text, currency, notation).map(Some),
            // The unknown currency is an error of its own field.
            None => Ok(None),
        };
        self.required(field, read).flatten()
    }

    /// The quantity of `field` in `unit`, more than zero.
    pub(in crate::import) fn quantity(
        &mut self,
        field: &str,
        unit: Option<Unit>,
    ) -> Option<Quantity> {
        let notation = self.notation(field);
        let (quantity, doubt) =
            self.required(field, |text| parse::quantity(text, unit, notation))?;
        if let Some(doubt) = doubt {
            let warning = self.at(field, doubt);
            self.warnings.push(warning);
        }
        quantity
    }

    /// The quantity of `field` in `unit`, if it is given.
    pub(in crate::import) fn optional_quantity(
        &mut self,
        field: &str,
        unit: Option<Unit>,
    ) -> Option<Quantity> {
        if self.has(field) { self.quantity(field, unit) } else { None }
    }

    /// The whole number of `field`.
    pub(in crate::import) fn whole(&mut self, field: &str, from: u32, to: u32) -> Option<u32> {
        self.required(field, |text| parse::whole(text, from, to))
    }

    /// The names of `field`, which `separator` keeps apart; none if it is not given.
    pub(in crate::import) fn list(&mut self, field: &str, separator: char) -> Vec<String> {
        let text = self.optional_name(field).unwrap_or_default();
        let parts = text.split(separator);
        parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// The words of `field`, of which there must be one.
    pub(in crate::import) fn required_list(&mut self, field: &str, separator: char) -> Vec<String> {
        if !self.has(field) {
            self.fail(field, Fault::new("is required but empty", "fill it in"));
        }
        self.list(field, separator)
    }

    /// Notes if `last` is given and before `first`.
    pub(in crate::import) fn in_order(
        &mut self,
        (first_field, first): (&str, Option<NaiveDate>),
        (last_field, last): (&str, Option<NaiveDate>),
    ) {
        if let (Some(first), Some(last)) = (first, last)
            && last < first
        {
            let what = format!("is before {first_field}, {first}");
            let hint = format!("give a day on or after {first}, or correct {first_field}");
            self.fail(last_field, Fault::new(what, hint));
        }
    }

    /// Whether the row gives any of `fields`; notes those that are missing if it gives some.
    pub(in crate::import) fn together(&mut self, fields: &[&str]) -> bool {
        let Some(given) = fields.iter().find(|field| self.has(field)) else { return false };
        for field in fields {
            if !self.has(field) {
                let what = format!("is required together with {given}");
                self.fail(field, Fault::new(what, format!("fill it in, or clear {given}")));
            }
        }
        fields.iter().all(|field| self.has(field))
    }
}

/// What a cell that holds `text` displays, if that is known.
fn as_shown<'t>(text: &'t str, shown: Option<&'t Shown>) -> &'t str {
    match shown {
        Some(Shown::As(shown)) => shown,
        None | Some(Shown::Plainly | Shown::Not(_)) => text,
    }
}
