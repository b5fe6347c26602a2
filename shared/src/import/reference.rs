//! Tests that the reference of file formats describes what the code reads.

use crate::import::coalition::known_keys;
use crate::import::columns::{Language, SECTIONS};
use crate::import::values::mapping::Mapping;

const PAGE: &str = include_str!("../../../docs/file-formats.md");

/// The cells of each row of the table below the heading `name`.
fn rows(name: &str) -> Vec<Vec<String>> {
    let heading = format!("\n## {name}\n");
    let (_, section) = PAGE.split_once(&heading).unwrap_or_else(|| panic!("no section `{name}`"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let cells = |line: &str| {
        let line = line.trim_start_matches('|').trim_end().trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    section.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

/// The page has the same explanations as the templates, in the same order.
#[test]
fn every_column_is_there_and_no_other() {
    for section in SECTIONS.into_iter().filter(|section| section.name != "coalition") {
        let needed = |is_needed| if is_needed { "yes" } else { "no" };
        let quoted = |text: &str| match text {
            "" => String::new(),
            text => format!("`{text}`"),
        };
        let read: Vec<Vec<String>> = section
            .fields
            .iter()
            .map(|field| {
                let meaning = field.meaning(Language::English).to_owned();
                let needed = needed(field.required).to_owned();
                vec![quoted(field.name), needed, meaning, quoted(field.example)]
            })
            .collect();
        assert_eq!(rows(section.name), read, "{}", section.name);
    }
}

/// The keys that the error for an unknown key lists.
fn expected(error: &str) -> Vec<String> {
    let (_, listed) = error.split_once("expected one of ").expect("the known keys");
    let listed = listed.lines().next().unwrap_or_default();
    listed.split(", ").map(|key| key.trim_matches('`').to_owned()).collect()
}

#[test]
fn every_key_is_there_and_no_other() {
    let bare = |row: Vec<String>| row[0].trim_matches(['`', '[', ']']).replace(".FIELD", "");
    let keys = |name: &str| -> Vec<String> { rows(name).into_iter().map(bare).collect() };
    let error = Mapping::parse("m.toml", "unknown = 1").expect_err("refused").to_string();
    assert_eq!(keys("mapping"), expected(&error), "mapping");
    assert_eq!(keys("coalition"), known_keys().collect::<Vec<_>>(), "coalition");
    let settings = SECTIONS.into_iter().find(|section| section.name == "coalition");
    for (row, field) in rows("coalition").iter().zip(settings.expect("settings").fields) {
        assert_eq!(row[2], field.meaning(Language::English), "{}", field.name);
    }
}
