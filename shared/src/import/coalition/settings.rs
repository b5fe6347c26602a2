//! Reads the settings of a coalition: coalition.toml in a folder, or a sheet with one row in a
//! workbook.

use chrono::NaiveDate;
use serde::Deserialize;

use super::folder::{Folder, Placed};
use crate::domain::money::Currency;
use crate::import::columns::{Field, SETTINGS, YES};
use crate::import::table::error::{FieldError, ImportError, excerpt};
use crate::import::values::fields::RowFields;
use crate::import::values::mapping::suggestion;
use crate::import::values::parse::{self, Fault, ISO_DATE};

pub(super) const SETTINGS_FILE: &str = "coalition.toml";

/// The keys of [`SETTINGS_FILE`] that name other files of the folder.
const FILES: [&str; 2] = ["requisitions", "contributions"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsFile {
    pub(super) name: String,
    pub(super) currency: Currency,
    pub(super) zone: chrono_tz::Tz,
    pub(super) start: NaiveDate,
    #[serde(default)]
    pub(super) any_requester: bool,
    #[serde(default)]
    pub(super) requisitions: Vec<RequisitionEntry>,
    #[serde(default)]
    pub(super) contributions: Vec<ContributionEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequisitionEntry {
    pub(super) file: String,
    pub(super) mapping: Option<String>,
    pub(super) on: Option<NaiveDate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContributionEntry {
    pub(super) file: String,
    pub(super) on: NaiveDate,
}

/// Reads the settings in `text`. If it is valid TOML, all wrong keys are reported at once.
pub(super) fn settings(text: &str) -> Result<SettingsFile, ImportError> {
    let error = match toml::from_str(text) {
        Ok(settings) => return Ok(settings),
        Err(error) => error,
    };
    let faults = text.parse::<toml::Table>().map(|table| faults(&table)).unwrap_or_default();
    let file = SETTINGS_FILE.to_owned();
    ImportError::unless(faults, ())?;
    Err(ImportError::Toml { file, source: Box::new(error) })
}

pub(in super::super) fn known_keys() -> impl Iterator<Item = &'static str> + Clone {
    SETTINGS.fields.iter().map(|field| field.name).chain(FILES)
}

fn faults(table: &toml::Table) -> Vec<FieldError> {
    let error = |key: &str, value: Option<String>, Fault { what, hint }: Fault| FieldError {
        value,
        ..FieldError::of_file(SETTINGS_FILE, what, hint).at(key)
    };
    let mut faults = Vec::new();
    for key in table.keys().filter(|key| !known_keys().any(|known| known == **key)) {
        let hint = suggestion(key, "the keys are", known_keys());
        faults.push(error(key, None, Fault::new("there is no such key", hint)));
    }
    for Field { name, required, example, .. } in SETTINGS.fields {
        let Some(value) = table.get(*name) else {
            if *required {
                let hint = format!("add it, such as: {name} = \"{example}\"");
                faults.push(error(name, None, Fault::new("the key is missing", hint)));
            }
            continue;
        };
        let shown = match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let checked = match (*name, value) {
            ("any_requester", toml::Value::Boolean(_)) => Ok(()),
            ("any_requester", _) => {
                Err(Fault::new("must be true or false", "write it without quotes"))
            }
            ("currency", toml::Value::String(text)) => parse::currency(text).map(drop),
            ("zone", toml::Value::String(text)) => parse::zone(text).map(drop),
            ("start", toml::Value::String(text)) => parse::date(text, ISO_DATE).map(drop),
            (_, toml::Value::String(_)) => Ok(()),
            _ => {
                let hint = format!("put it in quotes: {name} = \"{shown}\"");
                Err(Fault::new("must be a text", hint))
            }
        };
        if let Err(fault) = checked {
            faults.push(error(name, Some(excerpt(&shown)), fault).unmapped());
        }
    }
    faults
}

/// Reads the settings from their sheet, which has one row. `None` means that `folder` has recorded
/// an error.
pub(super) fn read_sheet(folder: &mut Folder<'_>) -> Result<Option<SettingsFile>, ImportError> {
    let is_there = folder.has(SETTINGS);
    let mut rows = folder.needed_rows(SETTINGS, read_row)?;
    if let Some(second) = rows.get(1) {
        let name = second.value.name.clone();
        let hint = "keep one row: a workbook describes one coalition";
        folder.fail_at(second, "name", &name, "is a second row of settings", hint);
    }
    if is_there && rows.is_empty() && !folder.has_failed() {
        folder.fail_table(SETTINGS, "has no row below its header", "fill in the settings there");
    }
    let first = (!rows.is_empty()).then(|| rows.swap_remove(0));
    Ok(first.map(|Placed { value, .. }| value))
}

fn read_row(fields: &mut RowFields<'_>) -> Option<SettingsFile> {
    let name = fields.name("name");
    let currency = fields.required("currency", parse::currency);
    let zone = fields.required("zone", parse::zone);
    let start = fields.date("start");
    let any = fields.optional("any_requester", |text| parse::one_of(&text.to_lowercase(), &YES));
    let (requisitions, contributions) = (Vec::new(), Vec::new());
    Some(SettingsFile {
        name: name?,
        currency: currency?,
        zone: zone?,
        start: start?,
        any_requester: any.unwrap_or(false),
        requisitions,
        contributions,
    })
}
