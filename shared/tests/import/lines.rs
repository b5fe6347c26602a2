//! Rows of requisitions: every way in which one is wrong, and rejects.

use std::fs;
use std::path::Path;

use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::Kind;
use waybill_shared::import::{Mapping, ReadOptions, read_lines, write_rejects};

use super::{HEADER, ROW, complaints, csv, place, read, refusal, row, skipped};

/// What is said of `ROW` with one field changed.
fn complaint(field: &str, value: &str) -> String {
    let all = complaints(&[&row(&[(field, value)])]);
    assert_eq!(all.len(), 1, "{field} {value:?}: {all:?}");
    assert!(all[0].starts_with("requests.csv, row 2, field "), "{}", all[0]);
    assert!(all[0].contains("\n  hint: "), "{}", all[0]);
    all[0].clone()
}

#[test]
fn a_row_becomes_a_line_with_defaults() {
    let lines = read("a.csv", csv(&[ROW])).expect("read");
    let line = &lines.good[0].line;
    assert_eq!((line.external_id.as_str(), line.kind), ("R-1", Kind::Goods));
    assert_eq!((line.quantity, line.unit.to_string()), (Quantity::whole(10), "H87".to_owned()));
    assert_eq!((line.unit_estimate.minor, line.scheme.as_str()), (110_000, "CPV"));
    assert_eq!((line.priority.class, line.priority.rank), (1, 1));
    assert_eq!((line.needed_by, line.smallest_lot, line.tolerance_per_mille), (None, None, 0));
}

#[test]
fn an_error_names_file_row_field_value_and_the_way_out() {
    let text = complaint("quantity", "1.5");
    let expected = "requests.csv, row 2, field quantity, value \"1.5\": ";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.contains(
            "piece (H87) has a fraction, but the unit is counted in whole numbers\n  hint: "
        ),
        "{text}"
    );
    let long = complaint("quantity", &"9x".repeat(100));
    assert!(long.contains(&format!("value \"{}9…\"", "9x".repeat(29))), "{long}");
}

#[test]
fn every_field_has_its_rules() {
    for (field, value, what) in [
        ("external_id", "", "is required but empty"),
        ("item", "  ", "is required but empty"),
        ("item", "a\u{0}b", "U+0000"),
        ("kind", "good", "did you mean `goods`?"),
        ("unit", "EA", "[codes.unit]"),
        ("currency", "EURO", "ISO 4217"),
        ("quantity", "-3", "more than zero"),
        ("quantity", "0", "more than zero"),
        ("quantity", "1e3", "not a quantity"),
        ("unit_estimate", "0.1234567", "more than the 6 decimals of a price"),
        ("unit_estimate", "0.00", "more than zero"),
        ("unit_estimate", "-1", "more than zero"),
        ("unit_estimate", "99999999999999999999", "too large"),
        ("requested", "2025-02-31", "no such day"),
        ("requested", "31.02.", "is not a date"),
        ("needed_by", "2025-01-14", "is before requested, 2025-01-15"),
        ("class", "0", "from 1 to 9"),
        ("class", "10", "from 1 to 9"),
        ("rank", "0", "1 or more"),
        ("rank", "4294967296", "1 or more"),
        ("smallest_lot", "11", "is more than the quantity, 10"),
        ("smallest_lot", "0", "more than zero"),
        ("tolerance_per_mille", "1001", "from 0 to 1000"),
    ] {
        let text = complaint(field, value);
        assert!(text.contains(&format!(", field {field}")) && text.contains(what), "{text}");
    }
    let yen = complaints(&[&row(&[("currency", "JPY"), ("unit_estimate", "10.1234567")])]);
    assert!(yen[0].contains("more than the 6 decimals of a price"), "{yen:?}");
}

#[test]
fn all_errors_of_all_rows_are_told_at_once() {
    let first = row(&[("quantity", "-1"), ("unit", "EA"), ("currency", "eur"), ("class", "x")]);
    let second = row(&[("external_id", "R-2"), ("requested", ""), ("consignee", "")]);
    let all = complaints(&[&first, &second]);
    assert_eq!(all.len(), 6, "{all:?}");
    assert_eq!(all.iter().filter(|text| text.contains(", row 3, ")).count(), 2);
}

#[test]
fn columns_that_are_missing_or_unknown_are_told_with_what_is_there() {
    let renamed = HEADER.replace("quantity", "quantitty");
    let text = refusal("a.csv", format!("{renamed},budget\n{ROW}"));
    assert!(text.contains("field quantity: the column is missing\n  hint: did you mean"), "{text}");
    assert!(
        text.contains("field quantitty: there is no such field\n  hint: did you mean `quantity`?")
    );
    assert!(
        text.contains("field budget: there is no such field\n  hint: the fields are: external_id")
    );
}

#[test]
fn an_id_given_twice_is_skipped_if_it_says_the_same_and_an_error_if_not() {
    let other = row(&[("quantity", "11")]);
    let lines = read("a.csv", csv(&[ROW, &row(&[("external_id", "R-2")]), ROW])).expect("read");
    assert_eq!((lines.good.len(), lines.bad.len(), lines.repeats), (2, 0, 1));

    let lines = read("a.csv", csv(&[ROW, &row(&[("external_id", "R-2")]), &other])).expect("read");
    assert_eq!((lines.good.len(), lines.bad.len()), (1, 2));
    for (bad, text) in lines.bad.iter().zip(["rows 2 and 4", "rows 4 and 2"]) {
        let error = &bad.errors[0];
        assert!(error.what.contains(text), "{error}");
        assert_eq!((error.row, error.value.as_deref()), (Some(bad.row), Some("R-1")));
    }
}

#[test]
fn rejects_are_written_with_reasons_and_read_again_once_mended() {
    let bad = row(&[("external_id", "R-2"), ("item", "\"Laptop, 14\"\"\""), ("quantity", "-1")]);
    let lines = read("a.csv", csv(&[ROW, &bad])).expect("read");
    let place = place("rejects.csv", "");
    write_rejects(&lines, &place.path).expect("written");

    let text = fs::read_to_string(&place.path).expect("rejects");
    assert!(text.starts_with(&format!("{HEADER},row,errors\n")), "{text}");
    assert!(text.contains(",3,\"quantity: a quantity must be more than zero"), "{text}");
    fs::write(&place.path, text.replace(",-1,", ",1,")).expect("mended");
    let mended = read_lines(&place.path, &ReadOptions::default()).expect("read");
    assert_eq!((mended.good.len(), mended.bad.len()), (1, 0));
    assert_eq!(mended.good[0].line.item, "Laptop, 14\"");

    let again = read_lines(&place.path, &ReadOptions::default()).expect("read");
    write_rejects(&again, &place.path).expect("written");
    assert_eq!(fs::read_to_string(&place.path).expect("rejects"), format!("{HEADER},row,errors\n"));
    let nowhere = write_rejects(&again, Path::new("/nowhere/rejects.csv")).expect_err("no folder");
    assert!(nowhere.to_string().contains("cannot be written"), "{nowhere}");
}

#[test]
fn a_large_public_record_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let record = root.join("../shared/data/leso1033/ict_requests_2019q1_2020q1.csv");
    let mapping = root.join("examples/leso/mapping.toml");
    if !record.exists() || !mapping.exists() {
        skipped("the record is not beside the project");
        return;
    }
    let mapping = Some(Mapping::read(&mapping).expect("a mapping"));
    let lines =
        read_lines(&record, &ReadOptions { mapping, ..ReadOptions::default() }).expect("read");
    let units: Vec<&str> =
        lines.bad.iter().filter_map(|bad| bad.errors[0].value.as_deref()).collect();
    assert_eq!(lines.good.len(), 2770, "{:?}", lines.bad);
    assert_eq!(units.len(), 9, "{units:?}");
}
