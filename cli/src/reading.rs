//! Reads what is imported: files of lines, and a coalition's folder or workbook.

use std::path::Path;

use waybill_api::{ImportCoalition, ImportLines};
use waybill_shared::import::{ImportError, Lines, ReadOptions, read_coalition_noting, read_lines};
use waybill_shared::intake::{How, Submitted};

use crate::failure::Failure;
use crate::output;

/// The most warnings of a file that are printed.
const NAMED: usize = 20;

/// Reads a coalition's folder or workbook, with its requisitions.
pub(crate) fn coalition(dir: &Path) -> Result<ImportCoalition, Failure> {
    let (files, notes) = read_coalition_noting(dir)?;
    notes.iter().for_each(|note| output::talk(note));
    let mut requisitions = Vec::new();
    for file in &files.requisitions {
        let options = ReadOptions {
            mapping: file.mapping.clone(),
            sheet: file.sheet.clone(),
            names_sheet: file.sheet.is_some(),
            ..ReadOptions::default()
        };
        let mut lines = read_lines(&file.path, &options)?;
        if !lines.bad.is_empty() {
            return Err(all_errors(lines));
        }
        warn(&lines);
        let on = Some(file.on);
        requisitions.push(ImportLines {
            file: lines.file.clone(),
            lines: submitted(&mut lines),
            on,
            how: How::default(),
            left_out: Vec::new(),
        });
    }
    Ok(ImportCoalition { files, requisitions, how: How::default() })
}

/// Takes the rows that can be submitted out of `lines`, which does not need them any more.
pub(crate) fn submitted(lines: &mut Lines) -> Vec<Submitted> {
    let good = std::mem::take(&mut lines.good).into_iter();
    good.map(|good| Submitted { row: good.row, line: good.line }).collect()
}

/// All errors in a file.
pub(crate) fn all_errors(lines: Lines) -> Failure {
    let count = lines.bad.len();
    let errors = lines.bad.into_iter().flat_map(|row| row.errors).collect();
    let listed = ImportError::Rows(errors).to_string();
    let rows = if count == 1 { "1 row is".to_owned() } else { format!("{count} rows are") };
    let message = format!("{listed}\n\n{rows} refused; nothing was taken");
    Failure::caller(message, "correct them, or take the other rows with --keep-good REJECTS.csv")
}

/// Prints notes about how a file was read, and doubts about its content.
pub(crate) fn warn(lines: &Lines) {
    for note in &lines.notes {
        output::talk(&format!("{}: {note}", lines.file));
    }
    for warning in lines.warnings.iter().take(NAMED) {
        output::talk(&format!("warning: {warning}"));
    }
    if let more @ 1.. = lines.warnings.len().saturating_sub(NAMED) {
        output::talk(&format!("… and {more} more warnings"));
    }
}
