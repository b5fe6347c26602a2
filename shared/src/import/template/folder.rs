//! The template as a folder: files with their header rows, and a page that explains each column.

use std::fmt::Write as _;

use super::words::{self, Words};
use super::{Template, comment, pipeline, plain};
use crate::import::columns::{LINES, RATES, SECTIONS, SETTINGS, Section};
use crate::import::table::error::ImportError;

/// The currencies that the template's file of rates has columns for.
const CURRENCIES: [&str; 4] = ["USD", "GBP", "PLN", "UAH"];

/// All files; the explanation comes first.
pub(super) fn files(template: &Template) -> Result<Vec<(String, String)>, ImportError> {
    let words = words::of(template.language);
    let mut files = vec![
        ("README.md".to_owned(), readme(template, words)),
        ("coalition.toml".to_owned(), settings(template, words)),
    ];
    for section in SECTIONS.into_iter().filter(|section| section.name != SETTINGS.name) {
        files.push((format!("{}.csv", section.name), table(template, section)?));
    }
    files.push(("pipeline.toml".to_owned(), pipeline::text(template, words)));
    Ok(files)
}

fn table(template: &Template, section: Section<'_>) -> Result<String, ImportError> {
    let failed = |what: String| ImportError::Template { what };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<&str> = section.fields.iter().map(|field| field.name).collect();
    if section.name == RATES.name {
        header.extend(CURRENCIES);
    }
    writer.write_record(&header).map_err(|error| failed(error.to_string()))?;
    for row in template.rows(section) {
        writer.write_record(&row).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

/// The text of coalition.toml. A comment above each key explains it.
fn settings(template: &Template, words: &Words) -> String {
    let mut text = String::new();
    for row in template.rows(SETTINGS) {
        for (field, value) in SETTINGS.fields.iter().zip(row) {
            let _ = writeln!(text, "{}", comment(&plain(field.meaning(template.language))));
            let name = field.name;
            let _ = match name {
                "any_requester" => {
                    writeln!(text, "{}\n{name} = {value}", comment(words.any_requester))
                }
                _ => writeln!(text, "{name} = {}", toml::Value::String(value)),
            };
            text.push('\n');
        }
    }
    let (about, file) = (comment(words.requisitions), LINES.name);
    let _ = writeln!(text, "{about}\n[[requisitions]]\nfile = \"{file}.csv\"");
    text
}

/// The page that explains each file and each of its columns.
fn readme(template: &Template, words: &Words) -> String {
    let mut text = format!(
        "# {}\n\n{}\n\n{}\n\n{}\n",
        template.name, words.about_folder, words.cells, words.left_out
    );
    for (name, about) in words.files {
        let Some(section) = SECTIONS.into_iter().find(|section| section.name == name) else {
            continue;
        };
        let [column, needed, meaning, example] = words.columns;
        let _ =
            writeln!(text, "\n## {name}.csv\n\n{}: {about}.\n", section.title(template.language));
        let _ =
            writeln!(text, "| {column} | {needed} | {meaning} | {example} |\n|---|---|---|---|");
        for field in section.fields {
            let needed = if field.required { words.needed[0] } else { words.needed[1] };
            let meaning = field.meaning(template.language);
            let example = match field.example {
                "" => String::new(),
                example => format!("`{example}`"),
            };
            let _ = writeln!(text, "| `{}` | {needed} | {meaning} | {example} |", field.name);
        }
    }
    text
}
