//! Options of summaries: money, arrivals, lead times, reports.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::{Form, Reach, Single};

/// `waybill money`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  waybill money               # what became of all money, and what lapses when
  waybill money LU            # the same of one donor, to the cent
  waybill money --on 2025-12-31 --csv  # at the end of an earlier day")]
pub(crate) struct Money {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Only the contributions of this donor, alone or jointly.
    #[arg(value_name = "DONOR", conflicts_with = "donor")]
    pub(crate) of: Option<String>,
    /// The same as DONOR.
    #[arg(long, env = "WAYBILL_DONOR")]
    pub(crate) donor: Option<String>,
    /// As of the end of this day, rebuilt from the log. This takes minutes if there is much data.
    #[arg(long, env = "WAYBILL_ON", value_name = "DATE")]
    pub(crate) on: Option<NaiveDate>,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// `waybill arrivals`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  waybill arrivals            # what is late, or due within 30 days
  waybill arrivals --next 8w --requester UA-MOD-IT
  waybill arrivals --columns due,lot,order,supplier")]
pub(crate) struct Arrivals {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// How far to look ahead: days (30d), weeks (4w) or months of 30 days (2m). Late lots are always listed.
    #[arg(long, env = "WAYBILL_NEXT", default_value = "30d", value_parser = ahead, value_name = "TIME")]
    pub(crate) next: u32,
    /// Only for this requester.
    #[arg(long, env = "WAYBILL_REQUESTER")]
    pub(crate) requester: Option<String>,
    /// Only from this supplier.
    #[arg(long, env = "WAYBILL_SUPPLIER")]
    pub(crate) supplier: Option<String>,
    /// As of the end of this day, rebuilt from the log. This takes minutes if there is much data.
    #[arg(long, env = "WAYBILL_ON", value_name = "DATE")]
    pub(crate) on: Option<NaiveDate>,
    /// The most rows to print.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000), env = "WAYBILL_LIMIT")]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// Reads a number of days, such as `30d`, `4w`, `2m` or `30`.
fn ahead(text: &str) -> Result<u32, String> {
    let (number, days) = match text.trim_end_matches(|c: char| c.is_ascii_alphabetic()) {
        number if number.len() == text.len() => (number, 1),
        number => match &text[number.len()..] {
            "d" => (number, 1),
            "w" => (number, 7),
            "m" => (number, 30),
            _ => ("", 0),
        },
    };
    let found = number.parse::<u32>().ok().and_then(|number| number.checked_mul(days));
    found.filter(|days| *days <= 3_660).ok_or_else(|| {
        "write days, weeks or months up to ten years, such as 30d, 4w or 2m".to_owned()
    })
}

/// How lead times are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// How long lots stayed at each step.
    Step,
    /// From the request of a line to the receipt of its lot, by expert group.
    Category,
    /// From the drawing up of an order to the receipt of its lot, by supplier.
    Supplier,
}

/// `waybill lead-times`.
#[derive(Debug, Args)]
#[command(
    after_help = "Measured in the log, in days of business time: half and nine in ten of the lots \
took at most so long
(nearest rank). A category is the expert group that owns a line's code, or the code's first two
digits where none does.

Examples:
  waybill lead-times                         # the four steps
  waybill lead-times --by supplier           # who delivers how fast
  waybill lead-times --by category --month   # the trend, by month of completion"
)]
pub(crate) struct LeadTimes {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// What to measure.
    #[arg(long, value_enum, default_value = "step", env = "WAYBILL_BY")]
    pub(crate) by: By,
    /// Also show each month, by the month in which the measured time ended.
    #[arg(long, env = "WAYBILL_MONTH", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) month: bool,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// `waybill report`.
#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    /// What happened in a week, what is overdue and who has to act, and where things stand.
    #[command(after_help = "Examples:
  waybill report weekly --output week.html
  waybill report weekly --on 2025-06-29 --output week.md --output week.csv")]
    Weekly(Reported),
    /// What a donor's money paid for, item by item, with documents, deadlines and consents.
    #[command(after_help = "Examples:
  waybill report donor LU --output lu.html
  waybill report donor LU --on 2025-12-31 --json")]
    Donor(ReportedOf),
    /// A requester's list by rank: where each lot is, why, and when it is expected.
    #[command(after_help = "Examples:
  waybill report requester UA-MOD-IT --output list.html
  waybill report requester UA-MOD-IT --output list.csv")]
    Requester(ReportedOf),
    /// The decisions that are needed: reviews, consents, what the most urgent lots lack, money that lapses, late
    /// suppliers; and the roadmap.
    #[command(after_help = "Examples:
  waybill report steering --output steering.html
  waybill report steering --on 2025-06-30")]
    Steering(Reported),
}

/// A report.
#[derive(Debug, Args)]
pub(crate) struct Reported {
    /// As of the end of this day (and for the week that ends with it) instead of now. That day is rebuilt from the
    /// log, which takes minutes if there is much data.
    #[arg(long, env = "WAYBILL_ON", value_name = "DATE")]
    pub(crate) on: Option<NaiveDate>,
    /// Write it to a file: a page (.html), text (.md), a table (.csv) or data (.json). Without it, the report is
    /// printed: in the terminal's width, or as Markdown into a pipe.
    #[arg(long, short, env = "WAYBILL_OUTPUT", value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// A report about a party.
#[derive(Debug, Args)]
pub(crate) struct ReportedOf {
    /// The party's id, such as LU or UA-MOD-IT.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) reported: Reported,
}

#[cfg(test)]
mod tests {
    use super::ahead;

    #[test]
    fn a_time_ahead_is_in_days() {
        let said = ["30", "30d", "4w", "2m", "0d"].map(ahead);
        assert_eq!(said, [Ok(30), Ok(30), Ok(28), Ok(60), Ok(0)]);
        for text in ["", "d", "-1d", "1y", "30 d", "9999999999", "600w", "1d2", "3dd", "٣d"] {
            assert!(ahead(text).is_err(), "{text}");
        }
    }
}
