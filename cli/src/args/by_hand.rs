//! The options of what operators do by hand to lots and lines.

use chrono::NaiveDate;
use clap::builder::{BoolishValueParser, PossibleValuesParser};
use clap::{Args, Subcommand};
use waybill_shared::domain::kinds::StepKind;

use super::look::{STATES, WAITS};
use super::{OUTPUT, Reach};

/// How something is done by hand.
#[derive(Debug, Clone, Args)]
pub(crate) struct How {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Why; kept in the log with what it changes.
    #[arg(long, short = 'm', env = "WAYBILL_REASON", value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
    /// Only say what it would change.
    #[arg(long, short = 'n', env = "WAYBILL_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub(crate) dry_run: bool,
    /// Do not ask, however many it changes.
    #[arg(long, short, env = "WAYBILL_YES", value_parser = BoolishValueParser::new())]
    pub(crate) yes: bool,
    /// Print one JSON document instead of text: what the API says.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill pause`.
#[derive(Debug, Args)]
pub(crate) struct Pause {
    /// What: all, calendar, connector, webhooks, step:NAME, supplier:ID, webhook:ID; without, what is paused is listed.
    #[arg(value_name = "WHAT")]
    pub(crate) what: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill unpause`.
#[derive(Debug, Args)]
pub(crate) struct Unpause {
    /// What, as `waybill pause` lists it.
    #[arg(value_name = "WHAT", required = true)]
    pub(crate) what: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// Which lots: by id, from a pipe, or all that a filter takes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Lots {
    /// Ids such as LOT-7K2; `-` reads them from standard input, one a line.
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
    /// The lot.
    #[arg(value_name = "LOT")]
    pub(crate) lot: String,
    /// How much of it becomes a lot of its own.
    pub(crate) quantity: String,
    /// Although the last one was the same; otherwise that counts as the same act sent twice.
    #[arg(long)]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill merge`.
#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The lot that carries the others on.
    pub(crate) into: String,
    /// The others, of the same line.
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
    /// The line, by its id or its requester's.
    pub(crate) line: String,
    /// The rank within its class, from 1.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rank: u32,
    /// Another class, from 1 (most urgent) to 9.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(crate) class: Option<u8>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill amend` and `correct`.
#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// The line, by its id or its requester's.
    pub(crate) line: String,
    /// What changes, by the names of requisition files.
    #[arg(required = true, value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill reopen`.
#[derive(Debug, Args)]
pub(crate) struct Reopen {
    /// Lines, by their ids or their requesters'; `-` reads them from standard input.
    #[arg(required = true, value_name = "LINE")]
    pub(crate) lines: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill review`.
#[derive(Debug, Subcommand)]
pub(crate) enum Review {
    /// They go on.
    #[command(after_help = "\
Examples:
  waybill review approve LOT-7K2 -m 'fits the standard'
  waybill lots --awaits review --ids | waybill review approve -")]
    Approve(OnLots),
    /// They end.
    #[command(after_help = "\
Examples:
  waybill review decline LOT-7K2 -m 'not needed in this form'")]
    Decline(OnLots),
    /// Back to their requester, to be amended.
    #[command(after_help = "\
Examples:
  waybill review return LOT-7K2 -m 'which model is meant?'")]
    Return(OnLots),
    /// The same need as an earlier line, which carries it.
    #[command(after_help = "\
Examples:
  waybill review merge LOT-7K2 -m 'asked for in May already'")]
    Merge(OnLots),
}

/// `waybill consent`.
#[derive(Debug, Subcommand)]
pub(crate) enum Consent {
    /// The donor agrees.
    #[command(after_help = "\
Examples:
  waybill consent give LOT-7K2
  waybill consent give --awaits consent --donor LU --dry-run")]
    Give(ConsentOn),
    /// The donor does not: the lots are matched again without it.
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
    /// The envelope that was asked for, where there are several.
    #[arg(long, value_name = "ID")]
    pub(crate) envelope: Option<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill in-kind`.
#[derive(Debug, Subcommand)]
pub(crate) enum InKind {
    /// The requester takes the goods.
    #[command(after_help = "\
Examples:
  waybill in-kind accept LOT-7K2")]
    Accept(OnLots),
    /// The requester does not: the lots wait for money.
    #[command(after_help = "\
Examples:
  waybill in-kind refuse LOT-7K2 -m 'the plugs do not fit'")]
    Refuse(OnLots),
}

/// `waybill surplus`.
#[derive(Debug, Subcommand)]
pub(crate) enum Surplus {
    /// Its requester keeps it, and it is paid at the price agreed, within the tolerance of its line.
    #[command(after_help = "\
Examples:
  waybill surplus pay LOT-7K2 -m 'one more is useful'")]
    Pay(OnLots),
    /// Its requester keeps it, and it is not paid.
    #[command(after_help = "\
Examples:
  waybill surplus keep LOT-7K2 -m 'a gift of the supplier'")]
    Keep(OnLots),
    /// The supplier gets it back.
    #[command(after_help = "\
Examples:
  waybill surplus return LOT-7K2 -m 'fetched on Monday'")]
    Return(OnLots),
}

/// `waybill incident`.
#[derive(Debug, Subcommand)]
pub(crate) enum Incident {
    /// The cause is mended: its lots run their step again.
    #[command(after_help = "\
Examples:
  waybill incident replay 'a supplier does not respond' -m 'called them'")]
    Replay(IncidentOn),
    /// Its lots go on without the check that they failed: validation only.
    #[command(after_help = "\
Examples:
  waybill incident skip 'lease lost at validate_priority' --dry-run")]
    Skip(IncidentOn),
    /// Its lots are given up.
    #[command(after_help = "\
Examples:
  waybill incident close 'more was paid under … than was bound' --yes")]
    Close(IncidentOn),
}

/// `waybill incident replay`, `skip` and `close`.
#[derive(Debug, Args)]
pub(crate) struct IncidentOn {
    /// The cause, as `waybill incidents` names it.
    pub(crate) cause: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill note`.
#[derive(Debug, Args)]
pub(crate) struct Note {
    /// Lots, lines, orders, contributions or parties; `-` reads ids from standard input.
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// The day on which to look at it again; a later note on the same subject without one ends it.
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
    /// The file, of 8 MiB at most.
    pub(crate) file: std::path::PathBuf,
    #[command(flatten)]
    pub(crate) how: How,
}
