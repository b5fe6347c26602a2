//! Describes the result of an import in words.

use std::fmt::Write as _;

use waybill_api::{CoalitionIntake, FileIntake};
use waybill_shared::domain::pipeline::Pipeline;
use waybill_shared::import::{CoalitionFiles, defaults};
use waybill_shared::intake::{Change, Conflict, Contested, How, Intake, Records, Stated};

use crate::failure::Failure;
use crate::output;
use crate::stating::{Becomes, stored};
use crate::target::Target;

/// The most things of one kind that are named.
const NAMED: usize = 20;

fn counts(intake: &Intake) -> String {
    let Intake { new, unchanged, amended, conflicts, refused, .. } = intake;
    let mut text = format!(
        "{new} new, {} amended, {unchanged} unchanged, {} refused",
        amended.len(),
        refused.len()
    );
    if !conflicts.is_empty() {
        let _ = write!(text, ", {} in conflict", conflicts.len());
    }
    text
}

fn change(text: &mut String, indent: usize, change: &Change) {
    let Change { field, from, to } = change;
    let _ = writeln!(text, "{:indent$}{field}: {from} -> {to}", "");
}

fn contested(text: &mut String, indent: usize, contested: &Contested) {
    let _ = writeln!(text, "{:indent$}{contested}", "");
}

/// What happened to the lines of a file, or would happen.
pub(super) fn lines(file: &str, intake: &Intake, dry_run: bool) -> String {
    let mut text = String::new();
    if let Some(earlier) = &intake.earlier {
        let at = output::moment(earlier.taken);
        let _ = writeln!(
            text,
            "{file} was already imported on {at}, and its lines have changed since: nothing is \
             changed; --as-new applies the file again"
        );
        for differs in earlier.differs.iter().take(NAMED) {
            let (id, line) = (&differs.external_id, &differs.line);
            let _ = writeln!(text, "  {id} ({line})");
            differs.changes.iter().for_each(|differs| change(&mut text, 4, differs));
        }
        return text;
    }
    let taken = if dry_run { "; dry run, nothing was taken" } else { "" };
    let _ = writeln!(text, "{}{taken}", counts(intake));
    for amended in &intake.amended {
        let note = if amended.needs_order_change { ": needs an order change" } else { "" };
        let _ = writeln!(text, "  {} ({}){note}", amended.external_id, amended.line);
        amended.changes.iter().for_each(|amended| change(&mut text, 4, amended));
        for needed in &amended.needs {
            let _ = writeln!(text, "    waits for: {}", needed.how());
        }
    }
    if dry_run {
        for refused in intake.refused.iter().take(NAMED) {
            let _ = writeln!(text, "  row {} would be refused", refused.row);
            for error in &refused.errors {
                let _ = writeln!(text, "    {}: {} ({})", error.field, error.what, error.hint);
            }
        }
        let _ = write!(text, "{}", disputes(&intake.conflicts));
    }
    for expected in intake.expected.iter().take(NAMED) {
        let _ =
            writeln!(text, "  {} (row {}): {}", expected.external_id, expected.row, expected.text);
    }
    for gone in intake.gone.iter().take(NAMED) {
        let (id, line, open) = (&gone.external_id, &gone.line, gone.open.join(" "));
        let _ = writeln!(
            text,
            "  {id} ({line}) is not in {file} any more and stays open: waybill cancel {open}, if it is \
             not needed"
        );
    }
    let more = [intake.expected.len(), intake.gone.len()];
    let more: usize = more.iter().map(|all| all.saturating_sub(NAMED)).sum();
    if more > 0 {
        let _ = writeln!(text, "  and {more} more: --json has them all");
    }
    text
}

fn disputes(conflicts: &[Conflict]) -> String {
    let mut text = String::new();
    for conflict in conflicts {
        let Conflict { row, requester, external_id, line, fields, .. } = conflict;
        let _ = writeln!(text, "  {requester}/{external_id} ({line}), row {row}: changed in both");
        fields.iter().for_each(|field| contested(&mut text, 4, field));
    }
    text
}

/// Fails if wrong or contested rows have blocked a file.
pub(super) fn is_whole(file: &str, intake: &Intake, how: &How) -> Result<(), Failure> {
    if !intake.is_disputed() || intake.taken || how.keep_good {
        return Ok(());
    }
    if how.dry_run {
        return Err(Failure::caller(
            format!("with these errors, nothing of {file} would be taken"),
            "correct the rows, or resolve the conflicts with --ours ID or --theirs ID",
        ));
    }
    Err(refused(file, intake))
}

fn refused(file: &str, intake: &Intake) -> Failure {
    let mut text = String::new();
    for row in &intake.refused {
        for error in &row.errors {
            let _ = write!(text, "{file}, row {}", row.row);
            if !error.field.is_empty() {
                let _ = write!(text, ", field {}", error.field);
            }
            if !error.value.is_empty() {
                let _ = write!(text, ", value {:?}", error.value);
            }
            let of = match (&*row.requester, &*row.external_id) {
                (_, "") => String::new(),
                (requester, id) => format!(" (line {requester}/{id})"),
            };
            let _ = writeln!(text, ": {}{of}\n  hint: {}", error.what, error.hint);
        }
    }
    if let Some(first) = intake.conflicts.first() {
        let _ = writeln!(text, "{file} changes values that commands have also changed:");
        let _ = write!(text, "{}", disputes(&intake.conflicts));
        let (requester, id) = (&first.requester, &first.external_id);
        let _ = writeln!(
            text,
            "  hint: --theirs {requester}/{id} takes the value of the file, --ours \
             {requester}/{id} keeps the present value"
        );
    }
    let rows = intake.refused.len() + intake.conflicts.len();
    let rows = if rows == 1 { "1 row is".to_owned() } else { format!("{rows} rows are") };
    let message = format!("{}\n\n{rows} refused; nothing was taken", text.trim_end());
    Failure::caller(message, "correct them, or take the other rows with --keep-good REJECTS.csv")
}

/// What a pipeline file would change in the stored pipeline. `None` means nothing.
pub(super) async fn pipeline(target: &Target, new: &Pipeline) -> Result<Option<String>, Failure> {
    if target.server.is_some() || !target.store.exists() {
        return Ok(Some("a first version".to_owned()));
    }
    let Ok(store) = target.store.look().await else {
        return Ok(Some("a first version".to_owned()));
    };
    let stored = stored(&*store).await;
    store.close().await;
    Ok(match Becomes::of(new, &stored?) {
        Becomes::Newest => None,
        Becomes::Next(1) => Some("a first version".to_owned()),
        Becomes::Next(version) => Some(format!("version {version}, for new lots from now on")),
        Becomes::Replaced(version) => Some(format!(
            "the same as version {version}, which a later one has replaced: it is not applied \
             again (`serve --restate` applies it)"
        )),
    })
}

fn kind(text: &mut String, records: &Records) {
    let Records { what, new, unchanged, amended, conflicts, gone } = records;
    if new.len() + unchanged + amended.len() + conflicts.len() + gone.len() == 0 {
        return;
    }
    let name = what.name();
    let _ =
        write!(text, "{name}: {} new, {} amended, {unchanged} unchanged", new.len(), amended.len());
    if !gone.is_empty() {
        let _ = write!(text, ", {} gone from the folder", gone.len());
    }
    if !conflicts.is_empty() {
        let _ = write!(text, ", {} in conflict", conflicts.len());
    }
    text.push('\n');
    // Long lists of reference data are not named one by one.
    let is_named = !matches!(what, Stated::Codes | Stated::Rates) || amended.len() <= NAMED;
    for amended in amended.iter().filter(|_| is_named) {
        let _ = writeln!(text, "  {}", amended.id);
        amended.changes.iter().for_each(|amended| change(text, 4, amended));
    }
    for conflict in conflicts {
        let _ = writeln!(text, "  {}: changed in both (--ours {0}, or --theirs {0})", conflict.id);
        conflict.fields.iter().for_each(|field| contested(text, 4, field));
    }
    for gone in gone.iter().take(NAMED) {
        let _ = writeln!(text, "  {} is not in the folder any more: {}", gone.id, gone.proposal);
    }
}

/// What happened to a folder, or would happen.
pub(super) fn folder(
    name: &str,
    intake: &CoalitionIntake,
    pipeline: Option<&str>,
    dry_run: bool,
) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "coalition `{name}`{}",
        if dry_run { ": dry run, nothing was taken" } else { "" }
    );
    intake.loaded.records.iter().for_each(|records| kind(&mut text, records));
    if let Some(pipeline) = pipeline {
        let _ = writeln!(text, "pipeline: {pipeline}");
    }
    for file in &intake.files {
        let FileIntake { file, waits_for, rows, intake } = file;
        match waits_for {
            Some(day) => {
                let _ = writeln!(text, "{file}: {rows} rows wait for {day}");
            }
            None => {
                let _ = write!(text, "{file}: {}", lines(file, intake, dry_run));
            }
        }
    }
    for (line, was) in intake.healed.iter().take(NAMED) {
        let _ = writeln!(text, "{line} would pass now ({was}): waybill reopen {line}");
    }
    text
}

/// Which defaults apply to what a folder does not state. A missing pipeline is only mentioned if this import
/// `is_first`.
pub(super) fn instead(
    files: &CoalitionFiles,
    pipeline: Option<&Pipeline>,
    is_first: bool,
) -> Vec<String> {
    let mut said = defaults(files);
    let usual = Pipeline::default();
    if pipeline.is_none() && is_first {
        said.push(
            "no pipeline.toml: the four steps follow the usual rules, and orders are written to \
             outbox/"
                .to_owned(),
        );
    }
    let Some(pipeline) = pipeline.or(is_first.then_some(&usual)) else { return said };
    let daily: Vec<String> = pipeline
        .unscheduled()
        .map(|(act, _, at)| {
            let mut fields = at.split(' ');
            let (minute, hour) =
                (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
            format!("{} at {hour:0>2}:{minute:0>2}", act.name())
        })
        .collect();
    if !daily.is_empty() {
        let (daily, zone) = (daily.join(", "), files.settings.zone);
        said.push(format!(
            "not in the calendar: {daily}, each day, in {zone} (`waybill cron list`)"
        ));
    }
    said
}

/// Fails if conflicts or wrong rows have blocked a folder.
pub(super) fn is_whole_folder(intake: &CoalitionIntake, how: &How) -> Result<(), Failure> {
    if intake.taken || how.keep_good {
        return Ok(());
    }
    let has_conflict = intake.loaded.is_disputed();
    let disputed = intake.files.iter().find(|file| file.intake.is_disputed());
    match (has_conflict, disputed) {
        (false, None) => Ok(()),
        (_, Some(file)) if !how.dry_run => Err(refused(&file.file, &file.intake)),
        (true, None) if !how.dry_run => {
            let mut text = String::new();
            let records = intake.loaded.records.iter().filter(|of| !of.conflicts.is_empty());
            records.for_each(|records| kind(&mut text, records));
            Err(Failure::caller(
                format!(
                    "the folder changes values that commands have also changed; nothing was \
                     taken\n{}",
                    text.trim_end()
                ),
                "resolve with --theirs ID (the value of the folder) or --ours ID (the present \
                 value)",
            ))
        }
        _ => Err(Failure::caller(
            "with these errors, nothing of the folder would be taken",
            "correct the rows, or resolve the conflicts with --ours ID or --theirs ID",
        )),
    }
}
