//! The files that describe a coalition: its settings and tables, in a folder or a workbook.

mod contributions;
pub(super) mod defaults;
mod folder;
mod parties;
mod reference;
mod settings;
mod supply;
mod workbook;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::coalition::{Code, Consignee, DayRates, Prohibition, Settings};
use crate::domain::contribution::{Contribution, Firmness};
use crate::domain::nearest::{closest, did_you_mean};
use crate::domain::party::{ExpertGroup, Party};
use crate::domain::supplier::{ChargeRule, Offer};

use crate::import::columns::{LINES, PARTIES};
use crate::import::table::error::ImportError;
use crate::import::table::{check_is_file, read_settings};
use crate::import::values::mapping::Mapping;
use contributions::{read_contributions, read_later};
use folder::{Folder, Placed, Source, values};
use settings::{RequisitionEntry, SETTINGS_FILE};
use workbook::Book;

#[cfg(test)]
pub(in crate::import) use settings::known_keys;
pub use workbook::is_coalition_book;

/// The content of a coalition's folder or workbook, after all checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoalitionFiles {
    pub settings: Settings,
    pub parties: Vec<Party>,
    pub groups: Vec<ExpertGroup>,
    /// Contributions that count from the first day.
    pub contributions: Vec<Contribution>,
    /// Contributions that become known later, by day: the day, the file, and its contributions.
    pub later_contributions: Vec<(NaiveDate, String, Vec<Contribution>)>,
    pub offers: Vec<Offer>,
    /// Costs on top of goods.
    pub charges: Vec<ChargeRule>,
    /// The codes that lines may use.
    pub codes: Vec<Code>,
    /// Goods that must not be bought.
    pub prohibited: Vec<Prohibition>,
    pub consignees: Vec<Consignee>,
    /// Exchange rates, by day.
    pub rates: Vec<DayRates>,
    /// Files of requisitions, in the order of the settings. They are not read yet.
    #[serde(skip)]
    pub requisitions: Vec<RequisitionFile>,
}

/// A file of requisitions that exists and is not read yet.
#[derive(Debug, Clone, PartialEq)]
pub struct RequisitionFile {
    pub path: PathBuf,
    /// The sheet, if the file is a coalition's workbook.
    pub sheet: Option<String>,
    /// `None` means that the columns already have our field names.
    pub mapping: Option<Mapping>,
    /// The day on which it is submitted.
    pub on: NaiveDate,
}

/// Reads the coalition that the folder or workbook at `path` describes.
///
/// # Errors
/// [`ImportError`] if a file cannot be read as a whole. [`ImportError::Rows`] with every error in
/// the rows; if there is none, with every contradiction between rows.
pub fn read_coalition(path: &Path) -> Result<CoalitionFiles, ImportError> {
    Ok(read_coalition_noting(path)?.0)
}

/// Does the same as [`read_coalition`], and returns notes about how it was read, such as sheets
/// that were skipped.
///
/// # Errors
/// The same as [`read_coalition`].
pub fn read_coalition_noting(path: &Path) -> Result<(CoalitionFiles, Vec<String>), ImportError> {
    let mut notes = Vec::new();
    let source = match path.is_file() {
        true => Source::Book(Book::open(path, &mut notes)?),
        false => Source::Folder(path),
    };
    let mut folder = Folder::new(&source);
    let files = read(&mut folder)?;
    notes.append(&mut folder.notes);
    Ok((files, notes))
}

fn read(folder: &mut Folder<'_>) -> Result<CoalitionFiles, ImportError> {
    let file = match folder.source {
        Source::Folder(dir) => {
            let text = read_settings(&dir.join(SETTINGS_FILE))?;
            Some(settings::settings(&text)?)
        }
        Source::Book(_) => settings::read_sheet(folder)?,
    };
    let requisitions = match (folder.source, &file) {
        (_, None) => Vec::new(),
        (Source::Folder(dir), Some(file)) => {
            requisition_files(dir, file.start, &file.requisitions)?
        }
        (Source::Book(book), Some(file)) => book.sheet(LINES).map_or_else(Vec::new, |sheet| {
            let (path, sheet) = (book.path.to_owned(), Some(sheet.to_owned()));
            vec![RequisitionFile { path, sheet, mapping: None, on: file.start }]
        }),
    };
    let parties = parties::read_parties(folder)?;
    let groups = parties::read_groups(folder)?;
    let first = read_contributions(folder)?;
    let mut later = Vec::new();
    for entry in file.iter().flat_map(|file| &file.contributions) {
        let read = read_later(folder, &entry.file)?;
        later.push((entry.on, entry.file.clone(), read));
    }
    later.sort_by_key(|(on, _, _)| *on);
    let offers = supply::read_offers(folder)?;
    let charges = supply::read_charges(folder)?;
    let codes = reference::read_codes(folder)?;
    let prohibited = reference::read_prohibited(folder)?;
    let consignees = reference::read_consignees(folder)?;
    let rates = reference::read_rates(folder)?;
    folder.check()?;
    // Missing settings are an error, which `check` has reported already.
    let Some(file) = file else { return Err(ImportError::Rows(Vec::new())) };

    let known: HashSet<&str> = parties.iter().map(|party| party.value.id.as_str()).collect();
    let all: Vec<&Placed<Contribution>> =
        first.iter().chain(later.iter().flat_map(|(_, _, read)| read)).collect();
    check_contributions(folder, &all);
    for placed in &all {
        for donor in &placed.value.donors {
            check_party(folder, placed, "donors", donor, &known);
        }
    }
    for offer in &offers {
        check_party(folder, offer, "supplier", &offer.value.supplier, &known);
    }
    for charge in &charges {
        if let Some(party) = &charge.value.due_to {
            check_party(folder, charge, "due_to", party, &known);
        }
    }
    for placed in &offers {
        doubt_channel(folder, placed, Some(&placed.value.channel), &known);
    }
    for placed in &charges {
        doubt_channel(folder, placed, placed.value.channel.as_ref(), &known);
    }
    for placed in &all {
        doubt_channel(folder, placed, placed.value.earmark.channel.as_ref(), &known);
    }
    if !file.any_requester {
        for placed in &all {
            for requester in &placed.value.earmark.requesters {
                check_party(folder, placed, "earmark_requesters", requester, &known);
            }
        }
        for consignee in &consignees {
            check_party(folder, consignee, "requester", &consignee.value.requester, &known);
        }
    }
    folder.check()?;

    Ok(CoalitionFiles {
        settings: Settings {
            name: file.name,
            currency: file.currency,
            zone: file.zone,
            start: file.start,
            any_requester: file.any_requester,
        },
        parties: values(parties),
        groups: values(groups),
        contributions: values(first),
        later_contributions: later
            .into_iter()
            .map(|(on, file, read)| (on, file, values(read)))
            .collect(),
        offers: values(offers),
        charges: values(charges),
        codes: values(codes),
        prohibited: values(prohibited),
        consignees: values(consignees),
        rates: values(rates),
        requisitions,
    })
}

fn requisition_files(
    dir: &Path,
    start: NaiveDate,
    entries: &[RequisitionEntry],
) -> Result<Vec<RequisitionFile>, ImportError> {
    let read = |entry: &RequisitionEntry| {
        let path = dir.join(&entry.file);
        check_is_file(&path)?;
        let mapping = entry.mapping.as_ref().map(|file| Mapping::read(&dir.join(file)));
        let mapping = mapping.transpose()?;
        Ok(RequisitionFile { path, sheet: None, mapping, on: entry.on.unwrap_or(start) })
    };
    entries.iter().map(read).collect()
}

/// Checks that contributions do not contradict each other.
fn check_contributions(folder: &mut Folder<'_>, contributions: &[&Placed<Contribution>]) {
    let mut by_id: HashMap<&str, &Placed<Contribution>> = HashMap::new();
    for placed in contributions {
        if let Some(first) = by_id.insert(&placed.value.id, placed) {
            let what = format!("is also the id of {}, row {}", first.file, first.row);
            let id = &placed.value.id;
            folder.fail_at(placed, "id", id, what, "give each contribution its own id");
        }
    }
    for placed in contributions {
        let Some(pledge) = &placed.value.converts else { continue };
        let what = match by_id.get(pledge.as_str()).map(|found| found.value.firmness) {
            Some(Firmness::Pledge) => continue,
            Some(Firmness::Commitment) => "is a commitment, not a pledge",
            None => "there is no such contribution",
        };
        let hint = "give the id of the pledge that is converted, or leave it empty";
        folder.fail_at(placed, "converts", pledge, what, hint);
    }
}

fn check_party<T>(
    folder: &mut Folder<'_>,
    placed: &Placed<T>,
    field: &str,
    id: &str,
    parties: &HashSet<&str>,
) {
    if !parties.contains(id) {
        let place = folder.source.place(PARTIES);
        let hint = match closest(id, parties.iter().copied()) {
            Some(near) => format!("{} Or add it to {place}", did_you_mean(id, near)),
            None => format!("add it to {place}; its role may be empty"),
        };
        folder.fail_at(placed, field, id, "is not a known party", hint);
    }
}

/// Adds a note if a channel is not a party, because it may be a misspelt one.
fn doubt_channel<T>(
    folder: &mut Folder<'_>,
    placed: &Placed<T>,
    channel: Option<&String>,
    parties: &HashSet<&str>,
) {
    let Some(channel) = channel.filter(|channel| !parties.contains(channel.as_str())) else {
        return;
    };
    let place = folder.source.place(PARTIES);
    let hint = match closest(channel, parties.iter().copied()) {
        Some(near) => did_you_mean(channel, near),
        None => format!("add it to {place} as a buying_agent"),
    };
    let (file, row) = (&placed.file, placed.row);
    folder.notes.push(format!(
        "warning: {file}, row {row}, field channel, value {channel:?}: is not a known party\n  \
         hint: {hint}"
    ));
}
