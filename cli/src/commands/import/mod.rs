//! `waybill import`: imports a file of requisitions, a coalition's folder, or a whole database.

mod lots;
mod said;

use std::collections::BTreeMap;

use waybill_api::{CoalitionIntake, ImportCoalition, ImportLines};
use waybill_shared::domain::pipeline::Pipeline;
use waybill_shared::import::{
    BadRow, FieldError, ImportError, Mapping, ReadLimits, ReadOptions, is_coalition_book,
    read_lines, refuse_rows, write_rejects,
};
use waybill_shared::intake::{How, Intake, Records, RefusedRow, Wrongly};

use crate::args;
use crate::client::Client;
use crate::commands::restore;
use crate::exported;
use crate::failure::Failure;
use crate::output;
use crate::reading::{self, all_errors, coalition, submitted};
use crate::service::read_pipeline;
use crate::target::Target;

/// Reads everything first, then submits all of it or nothing.
pub(crate) async fn run(arguments: args::Import) -> Result<(), Failure> {
    if arguments.path.is_file() && exported::is_export(&arguments.path) {
        let target = Target::of(&arguments.data)?;
        return restore::import(&arguments.path, &target, arguments.dry_run, arguments.json).await;
    }
    if arguments.path.join("coalition.toml").is_file() || is_book(&arguments)? {
        return folder(&arguments).await;
    }
    if arguments.path.is_dir() {
        let message = format!("{} has no coalition.toml", arguments.path.display());
        return Err(Failure::caller(
            message,
            "name a coalition's folder, or a file of requisitions; `waybill init NEW` makes a folder to start with",
        ));
    }
    file(&arguments).await
}

/// Whether the path is a coalition's workbook, and no option says how to read lines from it.
fn is_book(arguments: &args::Import) -> Result<bool, Failure> {
    if arguments.sheet.is_some() || arguments.mapping.is_some() || !arguments.path.is_file() {
        return Ok(false);
    }
    Ok(is_coalition_book(&arguments.path)?)
}

fn how_of(arguments: &args::Import) -> How {
    How {
        dry_run: arguments.dry_run,
        keep_good: arguments.keep_good.is_some(),
        as_new: arguments.as_new,
        ours: arguments.ours.clone(),
        theirs: arguments.theirs.clone(),
    }
}

async fn folder(arguments: &args::Import) -> Result<(), Failure> {
    let mut body = coalition(&arguments.path)?;
    body.how = how_of(arguments);
    let beside = arguments.path.join("pipeline.toml");
    let pipeline = beside.exists().then(|| read_pipeline(&beside)).transpose()?;
    let (target, _folder) = target(arguments)?;
    let stated = match &pipeline {
        Some(pipeline) => said::pipeline(&target, pipeline).await?,
        None => None,
    };
    let is_first = target.server.is_none() && !target.store.exists();
    let instead = said::instead(&body.files, pipeline.as_ref(), is_first);
    // In a dry run no pipeline may be passed on, because opening the service would store it.
    let pipeline = pipeline.filter(|_| !arguments.dry_run);
    if pipeline.is_some() && stated.is_some() && target.store.exists() {
        // A dry run comes first, so that a folder that is refused does not leave its pipeline behind.
        let how = How { dry_run: true, ..body.how.clone() };
        let tried = ImportCoalition { how, ..body };
        let intake = hand_in(arguments, &target, None, &tried).await?;
        body = ImportCoalition { how: how_of(arguments), ..tried };
        said::is_whole_folder(&intake, &body.how)?;
    }
    let intake = hand_in(arguments, &target, pipeline, &body).await?;
    let name = &body.files.settings.name;
    let is_told = intake.taken || arguments.dry_run;
    if is_told && arguments.json {
        output::json(&intake)?;
    } else if is_told {
        let mut text = said::folder(name, &intake, stated.as_deref(), arguments.dry_run);
        if intake.loaded.records.iter().any(Records::is_changed) {
            instead.iter().for_each(|said| text.push_str(&format!("{said}\n")));
        }
        output::data(&text)?;
    }
    said::is_whole_folder(&intake, &body.how)
}

async fn hand_in(
    arguments: &args::Import,
    target: &Target,
    pipeline: Option<Pipeline>,
    body: &ImportCoalition,
) -> Result<CoalitionIntake, Failure> {
    let client = client(arguments, target, pipeline).await?;
    let bar = output::progress("submitting", 0);
    let intake: Result<CoalitionIntake, Failure> = client.post("/v1/coalition", body).await;
    client.close().await;
    bar.finish_and_clear();
    intake
}

async fn file(arguments: &args::Import) -> Result<(), Failure> {
    let mapping = arguments.mapping.as_deref().map(Mapping::read).transpose()?;
    let options = ReadOptions {
        encoding: arguments.encoding.clone(),
        separator: arguments.separator,
        sheet: arguments.sheet.clone(),
        mapping,
        limits: ReadLimits::OWN,
        ..ReadOptions::default()
    };
    let bar = output::progress("reading", 0);
    let lines = read_lines(&arguments.path, &options);
    bar.finish_and_clear();
    let mut lines = match lines {
        Err(ImportError::Lots { table, .. }) => return lots::compare(&table, arguments).await,
        lines => lines?,
    };
    if !lines.bad.is_empty() && arguments.keep_good.is_none() && !arguments.dry_run {
        return Err(all_errors(lines));
    }
    if let Some(rejects) = &arguments.keep_good
        && let (Ok(rejects), Ok(input)) = (rejects.canonicalize(), arguments.path.canonicalize())
        && rejects == input
    {
        let message = format!("{} is also the file that is imported", arguments.path.display());
        return Err(Failure::caller(message, "name another file for the refused rows"));
    }
    let (target, _folder) = target(arguments)?;
    let client = client(arguments, &target, None).await?;
    let body = ImportLines {
        file: lines.file.clone(),
        lines: submitted(&mut lines),
        on: None,
        how: how_of(arguments),
        left_out: lines.bad.iter().map(left_out).collect(),
    };
    let bar = output::progress("submitting", 0);
    let intake: Result<Intake, Failure> = client.post("/v1/imports", &body).await;
    client.close().await;
    bar.finish_and_clear();
    let mut intake = intake?;
    let mut all: Vec<RefusedRow> = lines.bad.iter().map(left_out).collect();
    if let Some(rejects) = arguments.keep_good.as_deref().filter(|_| !arguments.dry_run) {
        let refused = not_taken(&lines.file, &intake);
        refuse_rows(&mut lines, &arguments.path, &options, refused)?;
        if !lines.bad.is_empty() {
            write_rejects(&lines, rejects)?;
            output::talk(&format!("the refused rows, with reasons, are in {}", rejects.display()));
        }
    }
    all.append(&mut intake.refused);
    all.sort_by_key(|row| row.row);
    intake.refused = all;
    let is_told = arguments.dry_run || intake.taken || intake.earlier.is_some();
    if is_told {
        reading::warn(&lines);
    }
    if is_told && arguments.json {
        output::json(&json(&intake))?;
    } else if is_told {
        output::data(&said::lines(&lines.file, &intake, arguments.dry_run))?;
    }
    said::is_whole(&lines.file, &intake, &body.how)
}

/// The rows that the service refused, with its reasons.
fn not_taken(file: &str, intake: &Intake) -> BTreeMap<u64, Vec<FieldError>> {
    let mut rows: BTreeMap<u64, Vec<FieldError>> = BTreeMap::new();
    let error = |row: u64, field: &str, value: &str, what: &str, hint: &str| FieldError {
        file: file.to_owned(),
        row: Some(row),
        field: Some(field.to_owned()),
        value: Some(value.to_owned()),
        what: what.to_owned(),
        hint: hint.to_owned(),
    };
    for refused in &intake.refused {
        let errors = refused.errors.iter();
        let errors = errors.map(|e| error(refused.row, &e.field, &e.value, &e.what, &e.hint));
        rows.entry(refused.row).or_default().extend(errors);
    }
    for conflict in &intake.conflicts {
        let errors = conflict.fields.iter().map(|field| {
            let what = format!("{} has also changed it to {}", field.ours_by, field.ours);
            let hint = format!("--theirs {0} or --ours {0}", conflict.line);
            error(conflict.row, &field.field, &field.theirs, &what, &hint)
        });
        rows.entry(conflict.row).or_default().extend(errors);
    }
    rows
}

/// The JSON output. `refused` is a number, for compatibility; `refused_rows` has the rows.
fn json(intake: &Intake) -> serde_json::Value {
    let Intake { taken, new, unchanged, amended, conflicts, refused, gone, earlier, expected } =
        intake;
    serde_json::json!({
        "taken": taken, "new": new, "unchanged": unchanged, "amended": amended,
        "refused": refused.len(), "refused_rows": refused, "conflicts": conflicts, "gone": gone,
        "earlier": earlier, "expected": expected,
    })
}

fn left_out(bad: &BadRow) -> RefusedRow {
    // An error may quote characters that the database cannot store.
    let kept = |text: &str| output::plainly(text);
    let error = |error: &FieldError| Wrongly {
        field: kept(error.field.as_deref().unwrap_or_default()),
        value: kept(error.value.as_deref().unwrap_or_default()),
        what: kept(&error.what),
        hint: kept(&error.hint),
    };
    let (requester, external_id) = Default::default();
    let errors = bad.errors.iter().map(error).collect();
    RefusedRow { row: bad.row, requester, external_id, errors }
}

/// The target. A dry run creates no data folder; if there is none, it uses a temporary one.
fn target(arguments: &args::Import) -> Result<(Target, Option<tempfile::TempDir>), Failure> {
    let target = Target::of(&arguments.data)?;
    if !arguments.dry_run || target.server.is_some() || target.store.exists() {
        return Ok((target, None));
    }
    let folder = tempfile::tempdir().map_err(Failure::ours)?;
    Ok((Target::named(folder.path(), None, None)?, Some(folder)))
}

async fn client(
    arguments: &args::Import,
    target: &Target,
    pipeline: Option<Pipeline>,
) -> Result<Client, Failure> {
    match arguments.on {
        Some(day) => Client::on(target, day, pipeline).await,
        None => Client::new(target, pipeline).await,
    }
}
