//! The options of what makes a coalition to start with.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use waybill_shared::domain::money::Currency;
use waybill_shared::import::{self, time_zone};

use super::OUTPUT;

/// A language of explanations and headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English.
    En,
    /// French.
    Fr,
    /// Ukrainian.
    Uk,
}

impl From<Language> for import::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::English,
            Language::Fr => Self::French,
            Language::Uk => Self::Ukrainian,
        }
    }
}

/// `waybill init`.
#[derive(Debug, Args)]
#[command(
    long_about = "\
Make a coalition to start with: a folder of commented files, or one workbook.

Nothing that is there is overwritten. `waybill import` takes either, as often as it changes.",
    after_help = "\
Examples:
  waybill init my-coalition --name 'Our coalition' --zone Europe/Brussels
  waybill init trial --example
  waybill init --workbook coalition.xlsx --language uk"
)]
pub(crate) struct Init {
    /// The folder, which is new or empty.
    #[arg(required_unless_present = "workbook")]
    pub(crate) dir: Option<PathBuf>,
    /// Make a workbook (.xlsx) instead of files: in the folder, if one is named.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "coalition.xlsx")]
    pub(crate) workbook: Option<PathBuf>,
    /// What the coalition is called; without, as its folder or file.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The time zone in which its days end.
    #[arg(long, default_value = "Europe/Brussels", value_parser = time_zone)]
    pub(crate) zone: chrono_tz::Tz,
    /// The currency of its totals.
    #[arg(long, default_value = "EUR")]
    pub(crate) currency: Currency,
    /// The language of explanations, and of the workbook's sheets and headings.
    #[arg(long, value_enum, default_value_t = Language::En)]
    pub(crate) language: Language,
    /// With rows that show how it is filled in; all of them are invented.
    #[arg(long)]
    pub(crate) example: bool,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}
