//! Changes fields of a line by writing it as a row of a requisition file and reading that row again.

use std::collections::BTreeMap;

use super::read_line;
use crate::domain::requisition::Line;
use crate::import::columns::lines::LINE_FIELDS;
use crate::import::columns::{KINDS, LINES};
use crate::import::table::error::{FieldError, ImportError};
use crate::import::table::{Row, Table};
use crate::import::values::fields::{Columns, RowFields};
use crate::import::values::mapping::suggestion;

/// Writes `line` as a row of a requisition file, in the order of [`LINE_FIELDS`](crate::import::LINE_FIELDS).
fn row(line: &Line) -> [String; LINE_FIELDS.len()] {
    let kind = KINDS.iter().find(|(_, kind)| *kind == line.kind).map_or("", |(name, _)| name);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        line.external_id.clone(),
        line.requester.clone(),
        line.item.clone(),
        line.description.clone(),
        kind.to_owned(),
        line.classification.clone(),
        line.scheme.clone(),
        line.quantity.to_string(),
        line.unit.to_string(),
        line.unit_estimate.decimal(),
        line.unit_estimate.currency.to_string(),
        line.priority.class.to_string(),
        line.priority.rank.to_string(),
        line.requested.to_string(),
        line.needed_by.map(|day| day.to_string()).unwrap_or_default(),
        line.consignee.clone(),
        line.smallest_lot.map(|quantity| quantity.to_string()).unwrap_or_default(),
        text(&line.together),
        line.tolerance_per_mille.to_string(),
        line.source.clone(),
    ]
}

/// Returns `line` with `fields` changed, by the names of [`LINE_FIELDS`](crate::import::LINE_FIELDS). The requester and the id stay. An empty
/// value clears an optional field.
///
/// # Errors
/// What is wrong with a field, and how to fix it.
pub fn line_with(line: &Line, fields: &BTreeMap<String, String>) -> Result<Line, String> {
    let mut cells = row(line);
    for (name, value) in fields {
        let place = LINE_FIELDS.iter().position(|field| field == name);
        match place {
            Some(place) if place > 1 => value.clone_into(&mut cells[place]),
            Some(_) => {
                return Err(format!("`{name}` cannot be changed: submit a new line instead"));
            }
            None => {
                let hint = suggestion(name, "the fields are", LINE_FIELDS.into_iter());
                return Err(format!("a line has no field `{name}`; {hint}"));
            }
        }
    }
    match read(line, &cells) {
        Ok(read) => return Ok(read),
        // An older version accepted values that this one refuses. They stay unless `fields` changes them.
        Err(errors) if errors.iter().all(|error| is_unsaid(error, fields)) => {
            for error in &errors {
                let field = error.field.as_deref().unwrap_or_default();
                if let Some(place) = LINE_FIELDS.iter().position(|name| *name == field) {
                    ANY[place].clone_into(&mut cells[place]);
                }
            }
        }
        Err(errors) => return Err(ImportError::Rows(errors).to_string()),
    }
    let kept: Vec<&str> = LINE_FIELDS
        .into_iter()
        .zip(&row(line))
        .zip(&cells)
        .filter(|((name, was), is)| was != is && !fields.contains_key(*name))
        .map(|((name, _), _)| name)
        .collect();
    let mut read = read(line, &cells).map_err(|errors| ImportError::Rows(errors).to_string())?;
    for field in kept {
        keep(field, line, &mut read);
    }
    Ok(read)
}

fn is_unsaid(error: &FieldError, fields: &BTreeMap<String, String>) -> bool {
    let field = error.field.as_deref();
    field.is_some_and(|field| LINE_FIELDS.contains(&field) && !fields.contains_key(field))
}

/// A row that always reads, in the order of [`LINE_FIELDS`](crate::import::LINE_FIELDS). It replaces cells that this version refuses.
const ANY: [&str; LINE_FIELDS.len()] = [
    "x",
    "x",
    "x",
    "",
    "goods",
    "x",
    "",
    "1",
    "H87",
    "1",
    "EUR",
    "1",
    "1",
    "1990-01-01",
    "",
    "x",
    "",
    "",
    "0",
    "",
];

/// Copies `field` from `from` to `to`.
fn keep(field: &str, from: &Line, to: &mut Line) {
    match field {
        "external_id" => to.external_id.clone_from(&from.external_id),
        "requester" => to.requester.clone_from(&from.requester),
        "item" => to.item.clone_from(&from.item),
        "description" => to.description.clone_from(&from.description),
        "kind" => to.kind = from.kind,
        "classification" => to.classification.clone_from(&from.classification),
        "scheme" => to.scheme.clone_from(&from.scheme),
        "quantity" => to.quantity = from.quantity,
        "unit" => to.unit = from.unit,
        "unit_estimate" | "currency" => to.unit_estimate = from.unit_estimate,
        "class" => to.priority.class = from.priority.class,
        "rank" => to.priority.rank = from.priority.rank,
        "requested" => to.requested = from.requested,
        "needed_by" => to.needed_by = from.needed_by,
        "consignee" => to.consignee.clone_from(&from.consignee),
        "smallest_lot" => to.smallest_lot = from.smallest_lot,
        "together" => to.together.clone_from(&from.together),
        "tolerance_per_mille" => to.tolerance_per_mille = from.tolerance_per_mille,
        _ => to.source.clone_from(&from.source),
    }
}

/// Checks `line`, however it was made, by reading it as a row of a file. Values that `known` (the stored line) has
/// too are not checked again, because an older version may have accepted them.
///
/// # Errors
/// Each wrong field, with what is wrong and how to fix it.
pub fn check_line(line: &Line, known: Option<&Line>) -> Result<(), Vec<FieldError>> {
    let cells = row(line);
    let Err(mut errors) = read(line, &cells) else { return Ok(()) };
    if let Some(known) = known {
        let known = row(known);
        let is_as_it_was = |field: &str| {
            LINE_FIELDS
                .iter()
                .position(|name| *name == field)
                .is_some_and(|at| cells[at] == known[at])
        };
        errors.retain(|error| !error.field.as_deref().is_some_and(is_as_it_was));
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Reads `cells`, the row of `line`, as a line.
fn read(line: &Line, cells: &[String; LINE_FIELDS.len()]) -> Result<Line, Vec<FieldError>> {
    let header = LINE_FIELDS.map(str::to_owned).to_vec();
    let rows = vec![Row::new(1, cells.to_vec())];
    let table = Table { header, rows, has_point: true, ..Table::of(line.external_id.clone()) };
    let whole = |error: ImportError| {
        vec![FieldError::of_file(&table.file, error.to_string(), "submit the line again")]
    };
    let columns = Columns::find(&table, LINES, None).map_err(whole)?;
    let read = |fields: &mut RowFields<'_>| read_line(fields, None);
    RowFields::read(&columns, &table.rows[0], &mut Vec::new(), read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lot::Priority;
    use crate::domain::price::Price;
    use crate::domain::quantity::Quantity;
    use crate::domain::requisition::Kind;
    use proptest::prelude::*;

    fn line(quantity: i64, minor: i64, tolerance: u32, has_more: bool) -> Line {
        let more = |text: &str| has_more.then(|| text.to_owned());
        Line {
            external_id: "REQ-1/1".into(),
            requester: "UA".into(),
            item: "laptop".into(),
            description: more("for the \"field\", rugged").unwrap_or_default(),
            kind: Kind::Goods,
            classification: "30213100".into(),
            scheme: "CPV".into(),
            quantity: Quantity::whole(quantity),
            unit: "H87".parse().expect("a unit"),
            unit_estimate: Price::new(minor, "EUR".parse().expect("a currency")),
            priority: Priority { class: 1, rank: 3 },
            requested: "2026-01-05".parse().expect("a day"),
            needed_by: has_more.then(|| "2026-06-30".parse().expect("a day")),
            consignee: "UA-1".into(),
            smallest_lot: has_more.then(|| Quantity::whole(1)),
            together: more("rack 4"),
            tolerance_per_mille: tolerance,
            source: more("a page").unwrap_or_default(),
        }
    }

    proptest! {
        #[test]
        fn a_line_reads_back(q in 1_i64..1_000_000, m in 1_i64..i64::from(i32::MAX), t in 0_u32..1000, more: bool) {
            let line = line(q, m, t, more);
            prop_assert_eq!(line_with(&line, &BTreeMap::new()), Ok(line));
        }
    }

    #[test]
    fn what_an_older_version_took_stays_until_it_is_said_otherwise() {
        let mut old = line(4, 100, 0, true);
        old.description = "x\u{7}".repeat(9000);
        (old.quantity, old.requested) = (Quantity(-5000), "0025-01-01".parse().expect("a day"));
        let said = |fields: &[(&str, &str)]| {
            let fields =
                fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            line_with(&old, &fields.collect())
        };
        let source = Line { source: "a letter".to_owned(), ..old.clone() };
        assert_eq!(said(&[("source", "a letter")]), Ok(source.clone()));
        let mended = said(&[("quantity", "5"), ("description", "short")]).expect("mended");
        assert_eq!((mended.quantity, &*mended.description), (Quantity::whole(5), "short"));
        assert_eq!(mended.requested, old.requested);
        assert!(
            said(&[("description", "y\u{7}")]).is_err_and(|error| error.contains("description"))
        );
        let errors = check_line(&source, None).expect_err("wrong");
        let fields: Vec<&str> = errors.iter().filter_map(|error| error.field.as_deref()).collect();
        assert_eq!(fields, ["description", "quantity", "requested"]);
        assert_eq!(check_line(&source, Some(&old)), Ok(()));
        let other = Line { description: "z\u{7}".to_owned(), ..source };
        let errors = check_line(&other, Some(&old)).expect_err("wrong");
        assert_eq!(errors[0].field.as_deref(), Some("description"));
        assert_eq!(errors.len(), 1);
    }

    #[test]
    fn fields_are_said_otherwise_or_refused_by_name() {
        let line = line(4, 100, 0, true);
        let said = |name: &str, value: &str| {
            line_with(&line, &BTreeMap::from([(name.to_owned(), value.to_owned())]))
        };
        assert_eq!(said("quantity", "6").map(|line| line.quantity), Ok(Quantity::whole(6)));
        assert_eq!(said("needed_by", "").map(|line| line.needed_by), Ok(None));
        assert!(said("quantity", "many").is_err_and(|error| error.contains("quantity")));
        assert!(said("quantty", "6").is_err_and(|error| error.contains("quantity")));
        assert!(said("external_id", "x").is_err_and(|error| error.contains("cannot be changed")));
    }
}
