//! Options of commands that follow and look after a service: its events, its calendar, its health.

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};

use super::{Listing, OUTPUT, Reach, Single};

/// `waybill events`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill events
  waybill events --kinds order,lot.matched --limit 5
  waybill events --subject LOT-00B --after 0
  waybill events --json --after 1000 > events.jsonl
  waybill events --follow")]
pub(crate) struct Events {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Continue with new events, until Ctrl-C.
    #[arg(long, short, env = "WAYBILL_FOLLOW", value_parser = BoolishValueParser::new())]
    pub(crate) follow: bool,
    /// Only events after this position of the log; by default the last ones.
    #[arg(long, env = "WAYBILL_AFTER", value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) after: Option<i64>,
    /// Kinds of events, such as `lot.matched`, or the first part of several kinds, such as `order`.
    #[arg(long, env = "WAYBILL_KINDS", value_delimiter = ',', value_name = "KIND")]
    pub(crate) kinds: Vec<String>,
    /// Only events of this lot, line (LINE-…), order or other subject.
    #[arg(long, env = "WAYBILL_SUBJECT", value_name = "ID")]
    pub(crate) subject: Option<String>,
    /// The most events to print; by default the last 20, or all after `--after`.
    #[arg(long, env = "WAYBILL_LIMIT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// Print each event as one line of JSON (CloudEvents 1.0).
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill clock`.
#[derive(Debug, Subcommand)]
pub(crate) enum Clock {
    /// Show what time it is for the service, and whether it trusts its clock.
    #[command(after_help = "\
Exit codes: 0 if it is believed, 2 if not.

Examples:
  waybill clock show
  waybill clock show --json")]
    Show(Single),
    /// Accept the clock as right, after it was set or the machine was off for long.
    #[command(after_help = "\
Examples:
  waybill clock accept")]
    Accept(Single),
}

/// `waybill cron`.
#[derive(Debug, Subcommand)]
pub(crate) enum Cron {
    /// List recurring jobs, with their last and next runs.
    #[command(after_help = "\
Examples:
  waybill cron list
  waybill cron list --columns name,act,next,missed")]
    List(Listing),
    /// List what the calendar runs next.
    Next(CronNext),
    /// Run an entry once now. Its usual times stay as they are.
    Run(CronRun),
}

/// `waybill cron next`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill cron next
  waybill cron next --count 3 --utc")]
pub(crate) struct CronNext {
    /// How many runs to list.
    #[arg(long, env = "WAYBILL_COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) count: u32,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `waybill cron run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill cron run rematch --dry-run
  waybill cron run rematch --reason \"the rates were corrected\"")]
pub(crate) struct CronRun {
    /// The entry's name.
    pub(crate) name: String,
    /// The reason. It is stored in the log with the run.
    #[arg(long, env = "WAYBILL_REASON", default_value = "", hide_default_value = true)]
    pub(crate) reason: String,
    /// Show what would happen, and change nothing.
    #[arg(long, env = "WAYBILL_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) single: Single,
}

/// `waybill doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 if nothing is bad, 2 if something is.

Examples:
  waybill doctor
  waybill doctor --json")]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) single: Single,
}
