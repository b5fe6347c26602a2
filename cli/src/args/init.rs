//! Options of `waybill init`, which creates a coalition to start with.

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

Existing files are never overwritten. `waybill import` takes either, as often as it changes.",
    after_help = "\
Examples:
  waybill init my-coalition --name 'Our coalition' --zone Europe/Brussels
  waybill init trial --example
  waybill init --workbook coalition.xlsx --language uk"
)]
pub(crate) struct Init {
    /// The folder; it must be new or empty.
    #[arg(required_unless_present = "workbook")]
    pub(crate) dir: Option<PathBuf>,
    /// Create a workbook (.xlsx) instead of files. If a folder is named, the workbook is created in
    /// it.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "coalition.xlsx")]
    pub(crate) workbook: Option<PathBuf>,
    /// The coalition's name; by default that of its folder or file.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The time zone in which the coalition's days end.
    #[arg(long, default_value = "Europe/Brussels", value_parser = time_zone)]
    pub(crate) zone: chrono_tz::Tz,
    /// The currency of the coalition's totals.
    #[arg(long, default_value = "EUR")]
    pub(crate) currency: Currency,
    /// The language of the explanations, and of the workbook's sheets and headings.
    #[arg(long, value_enum, default_value_t = Language::En)]
    pub(crate) language: Language,
    /// Add invented rows that show how to fill it in.
    #[arg(long)]
    pub(crate) example: bool,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}
