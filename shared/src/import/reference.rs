//! The reference of file formats says what the code reads.

use super::coalition;
use super::fields::Section;
use super::lines::FIELDS;
use super::mapping::Mapping;

const PAGE: &str = include_str!("../../../docs/file-formats.md");

/// The first two cells of each row of the table below the heading `name`.
fn rows(name: &str) -> Vec<(String, String)> {
    let heading = format!("\n## {name}\n");
    let (_, section) = PAGE.split_once(&heading).unwrap_or_else(|| panic!("no section `{name}`"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let cells = |line: &str| {
        let mut cells = line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
        cells.next();
        Some((cells.next()?, cells.next()?))
    };
    section.lines().filter(|line| line.starts_with("| `")).filter_map(cells).collect()
}

#[test]
fn every_column_is_there_and_no_other() {
    let requisitions = Section { name: "requisitions", fields: &FIELDS, ignored: &[] };
    for section in coalition::SECTIONS.into_iter().chain([requisitions]) {
        let told: Vec<(String, String)> = rows(section.name);
        let needed = |is_needed| if is_needed { "yes" } else { "no" };
        let read: Vec<(String, String)> = section
            .fields
            .iter()
            .map(|field| (field.name.to_owned(), needed(field.required).to_owned()))
            .collect();
        assert_eq!(told, read, "{}", section.name);
    }
}

/// The keys that a refusal of an unknown one lists.
fn expected(error: &str) -> Vec<String> {
    let (_, listed) = error.split_once("expected one of ").expect("the keys there are");
    let listed = listed.lines().next().unwrap_or_default();
    listed.split(", ").map(|key| key.trim_matches('`').to_owned()).collect()
}

#[test]
fn every_key_is_there_and_no_other() {
    let bare = |(key, _): (String, String)| key.trim_matches(['[', ']']).replace(".FIELD", "");
    let keys = |name: &str| -> Vec<String> { rows(name).into_iter().map(bare).collect() };
    let error = Mapping::parse("m.toml", "unknown = 1").expect_err("refused").to_string();
    assert_eq!(keys("mapping"), expected(&error), "mapping");
    let error = coalition::settings("unknown = 1").expect_err("refused").to_string();
    assert_eq!(keys("coalition"), expected(&error), "coalition");
}
