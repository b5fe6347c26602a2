//! The folder that describes a coalition: its settings and the tables beside them.

mod contributions;
mod folder;
mod parties;
mod reference;
mod supply;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::coalition::{Code, Consignee, DayRates, Prohibition, Settings};
use crate::domain::contribution::{Contribution, Firmness};
use crate::domain::money::Currency;
use crate::domain::nearest::{closest, did_you_mean};
use crate::domain::party::{ExpertGroup, Party};
use crate::domain::supplier::{ChargeRule, Offer};

use super::error::ImportError;
use super::mapping::Mapping;
use super::table::{check_is_file, read_settings};
use contributions::read_contributions;
use folder::{Folder, Placed, values};

/// The file that holds the settings.
const SETTINGS_FILE: &str = "coalition.toml";

/// Everything a coalition's folder says, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoalitionFiles {
    /// What holds for the coalition as a whole.
    pub settings: Settings,
    /// Who takes part.
    pub parties: Vec<Party>,
    /// The expert groups.
    pub groups: Vec<ExpertGroup>,
    /// What is promised from the start.
    pub contributions: Vec<Contribution>,
    /// What becomes known later: the day, the file, and what it promises; by day.
    pub later_contributions: Vec<(NaiveDate, String, Vec<Contribution>)>,
    /// What can be bought.
    pub offers: Vec<Offer>,
    /// What comes on top of goods.
    pub charges: Vec<ChargeRule>,
    /// The codes that lines may use.
    pub codes: Vec<Code>,
    /// What must not be bought.
    pub prohibited: Vec<Prohibition>,
    /// Where deliveries go.
    pub consignees: Vec<Consignee>,
    /// The rates of currencies, by day.
    pub rates: Vec<DayRates>,
    /// The files of requisitions, in the order of the settings.
    #[serde(skip)]
    pub requisitions: Vec<RequisitionFile>,
}

/// A file of requisitions, which is there and not yet read.
#[derive(Debug, Clone, PartialEq)]
pub struct RequisitionFile {
    /// Where it is.
    pub path: PathBuf,
    /// What its columns mean; none: they are called as our fields.
    pub mapping: Option<Mapping>,
    /// The day it is handed in.
    pub on: NaiveDate,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsFile {
    name: String,
    currency: Currency,
    zone: chrono_tz::Tz,
    start: NaiveDate,
    #[serde(default)]
    any_requester: bool,
    #[serde(default)]
    requisitions: Vec<RequisitionEntry>,
    #[serde(default)]
    contributions: Vec<ContributionEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequisitionEntry {
    file: String,
    mapping: Option<String>,
    on: Option<NaiveDate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContributionEntry {
    file: String,
    on: NaiveDate,
}

/// The settings that `text` states.
pub(super) fn settings(text: &str) -> Result<SettingsFile, ImportError> {
    toml::from_str(text).map_err(|source| {
        let file = SETTINGS_FILE.to_owned();
        ImportError::Toml { file, source: Box::new(source) }
    })
}

/// What stands in each of the tables of a folder.
#[cfg(test)]
pub(super) const SECTIONS: [super::fields::Section<'static>; 9] = [
    parties::PARTIES,
    parties::GROUPS,
    contributions::SECTION,
    supply::OFFERS,
    supply::CHARGES,
    reference::CODES,
    reference::PROHIBITED,
    reference::CONSIGNEES,
    reference::RATES,
];

/// Reads the coalition that the folder `dir` describes.
///
/// # Errors
/// [`ImportError`] if a file as a whole cannot be read; [`ImportError::Rows`] with everything that
/// is wrong in their rows, or, once those are sound, with what contradicts between them.
pub fn read_coalition(dir: &Path) -> Result<CoalitionFiles, ImportError> {
    let settings_path = dir.join(SETTINGS_FILE);
    let file = settings(&read_settings(&settings_path)?)?;
    let requisitions = requisition_files(dir, file.start, file.requisitions)?;

    let mut folder = Folder::new(dir);
    let parties = parties::read_parties(&mut folder)?;
    let groups = parties::read_groups(&mut folder)?;
    let first = read_contributions(&mut folder, "contributions.csv")?;
    let mut later = Vec::new();
    for entry in file.contributions {
        let read = read_contributions(&mut folder, &entry.file)?;
        later.push((entry.on, entry.file, read));
    }
    later.sort_by_key(|(on, _, _)| *on);
    let offers = supply::read_offers(&mut folder)?;
    let charges = supply::read_charges(&mut folder)?;
    let codes = reference::read_codes(&mut folder)?;
    let prohibited = reference::read_prohibited(&mut folder)?;
    let consignees = reference::read_consignees(&mut folder)?;
    let rates = reference::read_rates(&mut folder)?;
    folder.check()?;

    let known: HashSet<&str> = parties.iter().map(|party| party.value.id.as_str()).collect();
    let all: Vec<&Placed<Contribution>> =
        first.iter().chain(later.iter().flat_map(|(_, _, read)| read)).collect();
    check_contributions(&mut folder, &all);
    for placed in &all {
        for donor in &placed.value.donors {
            check_party(&mut folder, placed, "donors", donor, &known);
        }
    }
    for offer in &offers {
        check_party(&mut folder, offer, "supplier", &offer.value.supplier, &known);
    }
    for charge in &charges {
        if let Some(party) = &charge.value.due_to {
            check_party(&mut folder, charge, "due_to", party, &known);
        }
    }
    if !file.any_requester {
        for placed in &all {
            for requester in &placed.value.earmark.requesters {
                check_party(&mut folder, placed, "earmark_requesters", requester, &known);
            }
        }
        for consignee in &consignees {
            check_party(&mut folder, consignee, "requester", &consignee.value.requester, &known);
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
    entries: Vec<RequisitionEntry>,
) -> Result<Vec<RequisitionFile>, ImportError> {
    let read = |entry: RequisitionEntry| {
        let path = dir.join(entry.file);
        check_is_file(&path)?;
        let mapping = entry.mapping.map(|file| Mapping::read(&dir.join(file))).transpose()?;
        Ok(RequisitionFile { path, mapping, on: entry.on.unwrap_or(start) })
    };
    entries.into_iter().map(read).collect()
}

/// Checks what contributions say of each other.
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
        let hint = match closest(id, parties.iter().copied()) {
            Some(near) => format!("{} Or add it to parties.csv", did_you_mean(id, near)),
            None => "add it to parties.csv; its role may be empty".to_owned(),
        };
        folder.fail_at(placed, field, id, "is no party", hint);
    }
}
