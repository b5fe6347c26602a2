//! Foreign columns, codes and notations.

use waybill_shared::import::Mapping;

use super::read_mapped;

const FOREIGN: &str = "\
ref;Besteller,Menge,ME,Preis,Datum\n\
A1,UA-MOD,\"1.250,5\",LFM,\"1.099,90\",31.01.2025\n\
A2,UA-MOD,3,EA,12,01.02.2025\n";

const MAPPING: &str = r#"
date = "%d.%m.%Y"
decimal = ","
rank_from_row = true
[columns]
external_id = "ref;Besteller"
requester = "ref;Besteller"
quantity = "Menge"
unit = "ME"
unit_estimate = "Preis"
requested = "Datum"
[constants]
item = "Cable"
kind = "goods"
classification = "32420000-3"
currency = "EUR"
class = 2
consignee = "UA-C01"
[codes.unit]
LFM = "MTR"
EA = "H87"
"#;

fn foreign() -> String {
    FOREIGN.replace("ref;Besteller", "ref").replace(",UA-MOD,", ",")
}

fn mapping() -> String {
    MAPPING.replace("ref;Besteller", "ref")
}

fn faults(text: &str) -> String {
    Mapping::parse("mapping.toml", text).expect_err("refused").to_string()
}

#[test]
fn foreign_columns_codes_dates_and_decimals_are_understood() {
    let lines = read_mapped("a.csv", foreign(), &mapping()).expect("read");
    assert_eq!(lines.bad, []);
    let first = &lines.good[0].line;
    assert_eq!((first.quantity.0, first.unit.to_string()), (1_250_500, "MTR".to_owned()));
    assert_eq!(
        (first.unit_estimate.minor, first.requested.to_string()),
        (109_990, "2025-01-31".into())
    );
    assert_eq!((first.requester.as_str(), first.item.as_str()), ("A1", "Cable"));
    let ranks: Vec<u32> = lines.good.iter().map(|good| good.line.priority.rank).collect();
    assert_eq!(ranks, [1, 2]);
    assert_eq!(lines.good[0].line.priority.class, 2);
}

#[test]
fn a_code_that_is_not_listed_passes_as_it_is_and_a_point_is_no_decimal_mark() {
    let lines = read_mapped("a.csv", foreign().replace(",LFM,", ",XX,"), &mapping()).expect("read");
    assert!(lines.bad[0].errors[0].to_string().contains("value \"XX\""), "{:?}", lines.bad);
    let lines = read_mapped("a.csv", foreign().replace(",12,", ",1.5,"), &mapping()).expect("read");
    assert!(lines.bad[0].errors[0].what.contains("decimal comma"), "{:?}", lines.bad);
    let repeated = foreign() + "A2,3,EA,12,01.02.2025\n";
    let lines = read_mapped("a.csv", repeated, &mapping()).expect("read");
    assert_eq!((lines.good.len(), lines.repeats), (2, 1));
}

#[test]
fn a_column_that_the_file_lacks_is_told_with_those_it_has() {
    let text = read_mapped("a.csv", foreign().replace("Menge", "Anzahl"), &mapping())
        .expect_err("refused")
        .to_string();
    assert!(text.contains("field quantity: the mapping takes it from column `Menge`"), "{text}");
    assert!(text.contains("the columns are: ref, Anzahl, ME, Preis, Datum"), "{text}");
    let without = mapping().replace("consignee = \"UA-C01\"\n", "");
    let text = read_mapped("a.csv", foreign(), &without).expect_err("refused").to_string();
    assert!(
        text.contains("field consignee: is required, and the mapping does not give it"),
        "{text}"
    );
}

#[test]
fn a_mapping_that_contradicts_itself_is_refused() {
    for (text, what) in [
        (
            "[columns]\nquantitty = \"a\"",
            "field columns.quantitty: there is no such field\n  hint: did",
        ),
        ("[constants]\nbudget = \"a\"", "the fields are: external_id, requester"),
        ("[codes.units]\nEA = \"H87\"", "field codes.units"),
        ("[columns]\nunit = \"a\"\n[constants]\nunit = \"H87\"", "both [columns] and [constants]"),
        ("rank_from_row = true\n[columns]\nrank = \"a\"", "rank_from_row already gives the rank"),
        ("date = \"%Q\"", "is not a date format"),
        ("encoding = \"klingon\"", "is not a supported encoding"),
        ("decimal = \";\"", "unknown variant"),
        ("colums = 1", "unknown field `colums`"),
        ("[constants]\nclass = 1.5", "put it in quotes"),
        ("= 3", "mapping.toml: "),
    ] {
        let told = faults(text);
        assert!(told.contains(what) && told.contains("\n  hint: "), "{text}: {told}");
    }
}

#[test]
fn a_mapping_without_columns_only_adds_to_our_own() {
    let rows = super::csv(&[&super::row(&[("unit", "EA")])]);
    let lines = read_mapped("a.csv", rows, "[codes.unit]\nEA = \"H87\"").expect("read");
    assert_eq!((lines.good.len(), lines.bad.len()), (1, 0));
}
