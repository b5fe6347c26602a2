//! `waybill import`: a file of requisitions, a coalition's folder, or a whole database.

use std::path::Path;

use waybill_api::{ImportCoalition, ImportLines};
use waybill_shared::domain::pipeline::Pipeline;
use waybill_shared::import::{
    ImportError, Lines, Mapping, ReadOptions, read_coalition, read_lines, write_rejects,
};
use waybill_shared::intake::{Intake, Submitted};

use crate::args;
use crate::client::Client;
use crate::commands::restore;
use crate::failure::Failure;
use crate::output;
use crate::service::read_pipeline;
use crate::target::Target;

/// Reads everything first, then hands it in: all or nothing.
pub(crate) async fn run(arguments: args::Import) -> Result<(), Failure> {
    if arguments.path.is_file() && restore::is_export(&arguments.path) {
        let target = Target::of(&arguments.data)?;
        return restore::import(&arguments.path, &target, arguments.json).await;
    }
    if arguments.path.join("coalition.toml").is_file() {
        let body = coalition(&arguments.path)?;
        let beside = arguments.path.join("pipeline.toml");
        let pipeline = beside.exists().then(|| read_pipeline(&beside)).transpose()?;
        let client = client(&arguments, pipeline).await?;
        let bar = output::progress("handing in", 0);
        let intake: Result<Intake, Failure> = client.post("/v1/coalition", &body).await;
        client.close().await;
        bar.finish_and_clear();
        let intake = intake?;
        if !arguments.json {
            output::talk(&format!("the coalition `{}` is stated", body.files.settings.name));
        }
        return told(&arguments, &intake, 0);
    }
    if arguments.path.is_dir() {
        let message = format!("{} has no coalition.toml", arguments.path.display());
        return Err(Failure::caller(
            message,
            "name a coalition's folder, or a file of requisitions",
        ));
    }
    let mapping = arguments.mapping.as_deref().map(Mapping::read).transpose()?;
    let options = ReadOptions { encoding: arguments.encoding.clone(), mapping };
    let bar = output::progress("reading", 0);
    let lines = read_lines(&arguments.path, &options);
    bar.finish_and_clear();
    let lines = lines?;
    let refused = lines.bad.len();
    if refused > 0 && arguments.keep_good.is_none() {
        return Err(all_errors(lines));
    }
    if let Some(rejects) = &arguments.keep_good
        && let (Ok(rejects), Ok(input)) = (rejects.canonicalize(), arguments.path.canonicalize())
        && rejects == input
    {
        let message = format!("{} is the file that is read", arguments.path.display());
        return Err(Failure::caller(message, "name another file for the refused rows"));
    }
    let client = client(&arguments, None).await?;
    if let (true, Some(rejects)) = (refused > 0, &arguments.keep_good) {
        write_rejects(&lines, rejects)?;
    }
    let body = ImportLines { file: lines.file.clone(), lines: submitted(lines), on: None };
    let bar = output::progress("handing in", 0);
    let intake: Result<Intake, Failure> = client.post("/v1/imports", &body).await;
    client.close().await;
    bar.finish_and_clear();
    told(&arguments, &intake?, refused)
}

async fn client(arguments: &args::Import, pipeline: Option<Pipeline>) -> Result<Client, Failure> {
    match arguments.on {
        Some(day) => Client::on(&Target::of(&arguments.data)?, day, pipeline).await,
        None => Client::new(&Target::of(&arguments.data)?, pipeline).await,
    }
}

fn submitted(lines: Lines) -> Vec<Submitted> {
    let row = |good: waybill_shared::import::GoodRow| Submitted { row: good.row, line: good.line };
    lines.good.into_iter().map(row).collect()
}

/// Everything that is wrong with a file.
fn all_errors(lines: Lines) -> Failure {
    let count = lines.bad.len();
    let errors = lines.bad.into_iter().flat_map(|row| row.errors).collect();
    let listed = ImportError::Rows(errors).to_string();
    let rows = if count == 1 { "1 row is".to_owned() } else { format!("{count} rows are") };
    let message = format!("{listed}\n\n{rows} refused; nothing was taken");
    Failure::caller(message, "mend them, or take the others with --keep-good REJECTS.csv")
}

/// What a coalition's folder says, requisitions included.
pub(crate) fn coalition(dir: &Path) -> Result<ImportCoalition, Failure> {
    let files = read_coalition(dir)?;
    let mut requisitions = Vec::new();
    for file in &files.requisitions {
        let options = ReadOptions { encoding: None, mapping: file.mapping.clone() };
        let lines = read_lines(&file.path, &options)?;
        if !lines.bad.is_empty() {
            return Err(all_errors(lines));
        }
        let on = Some(file.on);
        requisitions.push(ImportLines { file: lines.file.clone(), lines: submitted(lines), on });
    }
    Ok(ImportCoalition { files, requisitions })
}

fn told(arguments: &args::Import, intake: &Intake, refused: usize) -> Result<(), Failure> {
    if arguments.json {
        let Intake { new, unchanged, amended } = intake;
        return output::json(&serde_json::json!({
            "new": new, "unchanged": unchanged, "amended": amended, "refused": refused,
        }));
    }
    let mut text = format!(
        "{} new, {} amended, {} unchanged, {refused} refused\n",
        intake.new,
        intake.amended.len(),
        intake.unchanged
    );
    for amended in &intake.amended {
        let note = if amended.needs_order_change { ": needs an order change" } else { "" };
        text.push_str(&format!("  {} ({}){note}\n", amended.external_id, amended.line));
        for needed in &amended.needs {
            text.push_str(&format!("    waits for: {}\n", needed.how()));
        }
        for change in &amended.changes {
            text.push_str(&format!("    {}: {} -> {}\n", change.field, change.from, change.to));
        }
    }
    if let (Some(rejects), true) = (&arguments.keep_good, refused > 0) {
        output::talk(&format!("the refused rows, with reasons, are in {}", rejects.display()));
    }
    output::data(&text)?;
    Ok(())
}
