//! Options of operators' commands on lots and lines.

use chrono::NaiveDate;
use clap::builder::{BoolishValueParser, PossibleValuesParser};
use clap::{Args, Subcommand};
use waybill_shared::domain::kinds::StepKind;

use super::look::{STATES, WAITS};
use super::{OUTPUT, Reach};

/// How a command is carried out.
#[derive(Debug, Clone, Args)]
pub(crate) struct How {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// The reason. It is stored in the log with the changes.
    #[arg(long, short = 'm', env = "WAYBILL_REASON", value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
    /// Show what would change, and change nothing.
    #[arg(long, short = 'n', env = "WAYBILL_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub(crate) dry_run: bool,
    /// Do not ask for confirmation, however many changes there are.
    #[arg(long, short, env = "WAYBILL_YES", value_parser = BoolishValueParser::new())]
    pub(crate) yes: bool,
    /// Print the API's answer, one JSON document, instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill pause`.
#[derive(Debug, Args)]
pub(crate) struct Pause {
    /// What to pause: all, calendar, connector, webhooks, step:NAME, supplier:ID or webhook:ID. Without it, list what
    /// is paused.
    #[arg(value_name = "WHAT")]
    pub(crate) what: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill unpause`.
#[derive(Debug, Args)]
pub(crate) struct Unpause {
    /// What to unpause, as `waybill pause` lists it.
    #[arg(value_name = "WHAT", required = true)]
    pub(crate) what: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// Which lots: by id, from standard input, or all that match the filters.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Lots {
    /// Ids such as LOT-7K2. `-` reads ids from standard input, one a line.
    #[arg(value_name = "LOT")]
    pub(crate) ids: Vec<String>,
    /// All lots in this state.
    #[arg(long, value_parser = STATES, conflicts_with = "ids")]
    pub(crate) state: Option<String>,
    /// All lots at this step.
    #[arg(long, value_parser = PossibleValuesParser::new(StepKind::NAMES), conflicts_with = "ids")]
    pub(crate) step: Option<String>,
    /// All lots that wait for this.
    #[arg(long, value_parser = WAITS, conflicts_with = "ids")]
    pub(crate) awaits: Option<String>,
    /// All lots of this requester.
    #[arg(long, value_name = "PARTY", conflicts_with = "ids")]
    pub(crate) requester: Option<String>,
    /// All lots that this donor pays for.
    #[arg(long, value_name = "PARTY", conflicts_with = "ids")]
    pub(crate) donor: Option<String>,
    /// All lots of this priority class.
    #[arg(long, conflicts_with = "ids")]
    pub(crate) class: Option<u8>,
    /// All lots parked with this cause.
    #[arg(long, value_name = "CAUSE", conflicts_with = "ids")]
    pub(crate) incident: Option<String>,
}

/// `waybill hold`, `resume`, `retry`, `cancel`.
#[derive(Debug, Args)]
pub(crate) struct OnLots {
    #[command(flatten)]
    pub(crate) lots: Lots,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill split`.
#[derive(Debug, Args)]
pub(crate) struct Split {
    /// The lot to split.
    #[arg(value_name = "LOT")]
    pub(crate) lot: String,
    /// The quantity of the new lot.
    pub(crate) quantity: String,
    /// Split again even if the last split was the same. Otherwise it counts as the same command sent twice, and
    /// changes nothing.
    #[arg(long)]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill merge`.
#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The lot that takes over the others.
    pub(crate) into: String,
    /// The other lots, of the same line.
    #[arg(required = true, value_name = "LOT")]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill redirect`.
#[derive(Debug, Args)]
pub(crate) struct Redirect {
    #[command(flatten)]
    pub(crate) lots: Lots,
    /// The public code of the consignee.
    #[arg(long, value_name = "CODE")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill rank`.
#[derive(Debug, Args)]
pub(crate) struct Rank {
    /// The line, by its id or the requester's id.
    pub(crate) line: String,
    /// The rank within its class, from 1.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rank: u32,
    /// Also move it to another class, from 1 (most urgent) to 9.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(crate) class: Option<u8>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill amend` and `correct`.
#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// The line, by its id or the requester's id.
    pub(crate) line: String,
    /// The fields to change, named as in requisition files.
    #[arg(required = true, value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill reopen`.
#[derive(Debug, Args)]
pub(crate) struct Reopen {
    /// Lines, by their ids or the requesters' ids. `-` reads them from standard input.
    #[arg(required = true, value_name = "LINE")]
    pub(crate) lines: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill review`.
#[derive(Debug, Subcommand)]
pub(crate) enum Review {
    /// Approve lots: they go on.
    #[command(after_help = "\
Examples:
  waybill review approve LOT-7K2 -m 'fits the standard'
  waybill lots --awaits review --ids | waybill review approve -")]
    Approve(OnLots),
    /// Decline lots: they end.
    #[command(after_help = "\
Examples:
  waybill review decline LOT-7K2 -m 'not needed in this form'")]
    Decline(OnLots),
    /// Return lots to their requester, who has to amend them.
    #[command(after_help = "\
Examples:
  waybill review return LOT-7K2 -m 'which model is meant?'")]
    Return(OnLots),
    /// The lots repeat the need of an earlier line, which carries them.
    #[command(after_help = "\
Examples:
  waybill review merge LOT-7K2 -m 'asked for in May already'")]
    Merge(OnLots),
}

/// `waybill consent`.
#[derive(Debug, Subcommand)]
pub(crate) enum Consent {
    /// Record that the donor agrees.
    #[command(after_help = "\
Examples:
  waybill consent give LOT-7K2
  waybill consent give --awaits consent --donor LU --dry-run")]
    Give(ConsentOn),
    /// Record that the donor refuses: the lots are matched again without it.
    #[command(after_help = "\
Examples:
  waybill consent refuse LOT-7K2 --envelope LU-2024-1 -m 'not for vehicles'")]
    Refuse(ConsentOn),
}

/// `waybill consent give` and `refuse`.
#[derive(Debug, Args)]
pub(crate) struct ConsentOn {
    #[command(flatten)]
    pub(crate) lots: Lots,
    /// The envelope that was asked for, if there are several.
    #[arg(long, value_name = "ID")]
    pub(crate) envelope: Option<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill in-kind`.
#[derive(Debug, Subcommand)]
pub(crate) enum InKind {
    /// Record that the requester takes the goods.
    #[command(after_help = "\
Examples:
  waybill in-kind accept LOT-7K2")]
    Accept(OnLots),
    /// Record that the requester refuses the goods: the lots wait for money.
    #[command(after_help = "\
Examples:
  waybill in-kind refuse LOT-7K2 -m 'the plugs do not fit'")]
    Refuse(OnLots),
}

/// `waybill surplus`.
#[derive(Debug, Subcommand)]
pub(crate) enum Surplus {
    /// The requester keeps it, and it is paid at the agreed price, within the tolerance of the line.
    #[command(after_help = "\
Examples:
  waybill surplus pay LOT-7K2 -m 'one more is useful'")]
    Pay(OnLots),
    /// The requester keeps it, and it is not paid.
    #[command(after_help = "\
Examples:
  waybill surplus keep LOT-7K2 -m 'a gift of the supplier'")]
    Keep(OnLots),
    /// The supplier takes it back.
    #[command(after_help = "\
Examples:
  waybill surplus return LOT-7K2 -m 'fetched on Monday'")]
    Return(OnLots),
}

/// `waybill incident`.
#[derive(Debug, Subcommand)]
pub(crate) enum Incident {
    /// Run the failed step of its lots again, once the cause is fixed.
    #[command(after_help = "\
Examples:
  waybill incident replay 'a supplier does not respond' -m 'called them'")]
    Replay(IncidentOn),
    /// Let its lots skip the check that they failed (validation only).
    #[command(after_help = "\
Examples:
  waybill incident skip 'lease lost at validate_priority' --dry-run")]
    Skip(IncidentOn),
    /// Give up its lots.
    #[command(after_help = "\
Examples:
  waybill incident close 'more was paid under … than was bound' --yes")]
    Close(IncidentOn),
}

/// `waybill incident replay`, `skip` and `close`.
#[derive(Debug, Args)]
pub(crate) struct IncidentOn {
    /// The cause, as `waybill incidents` shows it.
    pub(crate) cause: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill note`.
#[derive(Debug, Args)]
pub(crate) struct Note {
    /// Lots, lines, orders, contributions or parties. `-` reads ids from standard input.
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// The day to look at it again. A later note on the same subject without a day clears it.
    #[arg(long, value_name = "DATE")]
    pub(crate) follow_up: Option<NaiveDate>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill attach`.
#[derive(Debug, Args)]
pub(crate) struct Attach {
    /// A lot, line, order, contribution or party.
    pub(crate) id: String,
    /// The file, at most 8 MiB.
    pub(crate) file: std::path::PathBuf,
    #[command(flatten)]
    pub(crate) how: How,
}
