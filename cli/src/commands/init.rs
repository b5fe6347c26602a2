//! `waybill init`: creates a coalition to start with, as a folder or as a workbook.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::Utc;
use waybill_shared::import::Template;

use crate::args;
use crate::failure::Failure;
use crate::new_file::NewFile;
use crate::output;

/// The extension of a workbook.
const WORKBOOK: &str = "xlsx";

/// Creates the files, and prints the next commands.
pub(crate) fn run(arguments: args::Init) -> Result<(), Failure> {
    let place = place(&arguments)?;
    let template = template(&arguments, &place)?;
    let made = match arguments.workbook {
        Some(_) => {
            workbook(&place, &template)?;
            Vec::new()
        }
        None => folder(&place, &template)?,
    };
    let next = next(&place);
    if arguments.json {
        let files: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
        return output::json(&serde_json::json!({
            "made": place.display().to_string(), "files": files, "name": template.name,
            "currency": template.currency, "zone": template.zone.name(), "next": next,
        }));
    }
    output::data(&summary(&place, &template, &made, &next))
}

/// The path to create: the folder, or the workbook, which is in the folder if one is named.
fn place(arguments: &args::Init) -> Result<PathBuf, Failure> {
    let Some(file) = &arguments.workbook else {
        return Ok(arguments.dir.clone().unwrap_or_default());
    };
    if file.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case(WORKBOOK)) {
        let message = format!("{} is not the name of a workbook", file.display());
        let hint = format!("name it FILE.{WORKBOOK}; write a folder for it before --workbook");
        return Err(Failure::caller(message, hint));
    }
    Ok(arguments.dir.as_ref().map_or_else(|| file.clone(), |dir| dir.join(file)))
}

fn template(arguments: &args::Init, place: &Path) -> Result<Template, Failure> {
    let named = |path: &Path| path.file_stem().map(|name| name.to_string_lossy().into_owned());
    let of_place = || {
        let whole = std::path::absolute(place).ok();
        whole.as_deref().and_then(named).unwrap_or_else(|| "Coalition".to_owned())
    };
    let name = arguments.name.clone().unwrap_or_else(of_place).trim().to_owned();
    if name.is_empty() {
        return Err(Failure::caller("the coalition's name is empty", "write it after --name"));
    }
    let zone = arguments.zone;
    Ok(Template {
        name,
        currency: arguments.currency,
        zone,
        start: Utc::now().with_timezone(&zone).date_naive(),
        language: arguments.language.into(),
        has_example: arguments.example,
    })
}

/// Creates all files of the folder, or none.
fn folder(dir: &Path, template: &Template) -> Result<Vec<(String, String)>, Failure> {
    is_free(dir)?;
    let files = template.folder()?;
    let was_there = dir.exists();
    fs::create_dir_all(dir).map_err(|error| unwritable(dir, &error))?;
    for (at, (name, text)) in files.iter().enumerate() {
        // Another command may have started to create the same files.
        let mut options = fs::File::options();
        let opened = options.write(true).create_new(true).open(dir.join(name));
        if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
            for (name, _) in &files[..at] {
                fs::remove_file(dir.join(name)).ok();
            }
            if !was_there {
                fs::remove_dir(dir).ok();
            }
            return Err(unwritable(&dir.join(name), &error));
        }
    }
    Ok(files)
}

/// Refuses a path where something exists.
fn is_free(dir: &Path) -> Result<(), Failure> {
    let hint = "name a new folder: existing files are never overwritten";
    if dir.is_file() {
        return Err(Failure::caller(format!("{} is a file", dir.display()), hint));
    }
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unwritable(dir, &error)),
        Ok(entries) => entries.count(),
    };
    if entries == 0 {
        return Ok(());
    }
    let holds = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
    Err(Failure::caller(format!("{} is not empty: it contains {holds}", dir.display()), hint))
}

fn workbook(place: &Path, template: &Template) -> Result<(), Failure> {
    let new = NewFile::at(place)?;
    let bytes = template.workbook()?;
    if let Some(folder) = place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    }
    let mut file = new.create()?;
    file.write_all(&bytes).map_err(|error| unwritable(place, &error))?;
    drop(file);
    new.keep().map(drop)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("{}: {error}", path.display());
    Failure::caller(message, "name a place where you can write")
}

/// The next commands for the user.
fn next(place: &Path) -> [String; 3] {
    let name = place.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    let name = match name.chars().all(is_plain) {
        true => name,
        false => format!("'{}'", name.replace('\'', "'\\''")),
    };
    [
        format!("waybill import {name} --dry-run"),
        format!("waybill import {name}"),
        "waybill serve".to_owned(),
    ]
}

/// The explanations of the next commands.
const WHY: [&str; 3] = [
    "see what would be taken, without a change",
    "take it; repeat this whenever you have changed it",
    "keep it running, and use `waybill todo` in another terminal",
];

fn summary(
    place: &Path,
    template: &Template,
    made: &[(String, String)],
    next: &[String],
) -> String {
    let Template { name, currency, zone, .. } = template;
    let mut text =
        format!("made {}: coalition `{name}`, {currency}, days end in {zone}\n", place.display());
    let names: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
    if let Some((first, others)) = names.split_first() {
        let listed = output::wrap(&others.join(" "), output::width().saturating_sub(2));
        for line in listed {
            let _ = writeln!(text, "  {line}");
        }
        let _ = writeln!(text, "  {first} explains every column");
    } else {
        text.push_str("  the notes of its headings explain every column\n");
    }
    text.push_str("\nFill it in, then:\n");
    let wide = next.iter().map(String::len).max().unwrap_or(0);
    for (command, why) in next.iter().zip(WHY) {
        let _ = writeln!(text, "  {command:wide$}  # {why}");
    }
    text
}
