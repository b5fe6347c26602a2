//! Options of commands that answer questions.

use chrono::TimeDelta;
use clap::Args;
use clap::builder::{BoolishValueParser, PossibleValuesParser};
use waybill_shared::domain::kinds::StepKind;

use super::{Form, Listing, Reach, Single};

/// `waybill status`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  waybill status          # is it well, where is everything, what lapses
  waybill status --json   # the same for a program")]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) single: Single,
}

/// `waybill incidents`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  waybill incidents                       # causes, with how many lots
  waybill incidents --columns cause,how   # the command that mends each")]
pub(crate) struct Incidents {
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `waybill todo`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  waybill todo                            # whose move it is, what is late first
  waybill todo --waiting-on LU            # what one party has to do
  waybill todo --columns party,task,how   # the command for each")]
pub(crate) struct Todo {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Only the tasks of this party: a group, a donor, a requester, a supplier, a buying agent, or
    /// `secretariat`.
    #[arg(long, env = "WAYBILL_WAITING_ON", value_name = "PARTY")]
    pub(crate) waiting_on: Option<String>,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// The states of lots.
pub(super) const STATES: [&str; 9] = [
    "ready",
    "waiting",
    "retry_at",
    "parked",
    "delivered",
    "declined",
    "merged",
    "cancelled",
    "short",
];

/// What lots can wait for.
pub(super) const WAITS: [&str; 13] = [
    "review",
    "funding",
    "offer",
    "consent",
    "acceptance",
    "gathering",
    "approval",
    "response",
    "terms",
    "delivery",
    "payment",
    "amendment",
    "release",
];

/// The sort orders of lots.
const LOT_SORTS: [&str; 8] = ["id", "-id", "priority", "-priority", "age", "-age", "due", "-due"];

/// `waybill lots`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  waybill lots --awaits funding --sort priority    # what waits for money
  waybill lots --awaits offer                      # what no offer fits
  waybill lots --late --sort due                   # what is late
  waybill lots --awaits review --older-than 7d --ids    # for a pipe")]
pub(crate) struct Lots {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Only lots in this state.
    #[arg(long, env = "WAYBILL_STATE", value_parser = STATES)]
    pub(crate) state: Option<String>,
    /// Only lots at this step.
    #[arg(long, env = "WAYBILL_STEP", value_parser = PossibleValuesParser::new(StepKind::NAMES))]
    pub(crate) step: Option<String>,
    /// Only lots that wait for this.
    #[arg(long, env = "WAYBILL_AWAITS", value_parser = WAITS)]
    pub(crate) awaits: Option<String>,
    /// Only lots that this donor pays for.
    #[arg(long, env = "WAYBILL_DONOR")]
    pub(crate) donor: Option<String>,
    #[command(flatten)]
    pub(crate) asked: Needs,
    /// Only lots that have been where they are for longer than this, such as 90m, 12h, 7d or 2w.
    #[arg(long, env = "WAYBILL_OLDER_THAN", value_name = "TIME", value_parser = age)]
    pub(crate) older_than: Option<TimeDelta>,
    /// The sort order; a minus reverses it. By age, due or -priority, the lots that match --state,
    /// --step, --awaits and --class must not exceed 50,000.
    #[arg(long, env = "WAYBILL_SORT", value_parser = LOT_SORTS, default_value = "id", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) sort: String,
    /// Only lots after this one, in order of ids.
    #[arg(long, env = "WAYBILL_AFTER")]
    pub(crate) after: Option<String>,
    #[command(flatten)]
    pub(crate) many: Many,
    /// Print only ids, one a line.
    #[arg(long, conflicts_with_all = ["json", "csv", "columns"])]
    pub(crate) ids: bool,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// Which lots or lines to list.
#[derive(Debug, Args)]
pub(crate) struct Needs {
    /// Only those of this requester.
    #[arg(long, env = "WAYBILL_REQUESTER")]
    pub(crate) requester: Option<String>,
    /// Only those of this priority class.
    #[arg(long, env = "WAYBILL_CLASS")]
    pub(crate) class: Option<u8>,
    /// Only those in this expert group's categories.
    #[arg(long, env = "WAYBILL_GROUP")]
    pub(crate) group: Option<String>,
    /// Only those of this item.
    #[arg(long, env = "WAYBILL_ITEM")]
    pub(crate) item: Option<String>,
    /// Only those that are late: past the day of delivery or of need, or past the end of a wait.
    #[arg(long, env = "WAYBILL_LATE", value_parser = BoolishValueParser::new())]
    pub(crate) late: bool,
}

/// How much of a listing to print.
#[derive(Debug, Args)]
pub(crate) struct Many {
    /// The most rows to print.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000_000), env = "WAYBILL_LIMIT")]
    pub(crate) limit: u64,
    /// Print all rows.
    #[arg(long, env = "WAYBILL_ALL", value_parser = BoolishValueParser::new())]
    pub(crate) all: bool,
}

/// `waybill lines`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  waybill lines --requester UA-MOD-IT --sort priority --limit 20
  waybill lines --late --columns line,item,needed_by,arrives")]
pub(crate) struct Lines {
    #[command(flatten)]
    pub(crate) data: Reach,
    #[command(flatten)]
    pub(crate) asked: Needs,
    /// Only lines with lots that have not ended.
    #[arg(long, env = "WAYBILL_OPEN", value_parser = BoolishValueParser::new())]
    pub(crate) open: bool,
    /// The sort order.
    #[arg(long, env = "WAYBILL_SORT", value_parser = ["id", "priority"], default_value = "id", hide_default_value = true)]
    pub(crate) sort: String,
    #[command(flatten)]
    pub(crate) many: Many,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// Reads a length of time such as `7d`.
fn age(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("`{text}` is not a length of time: write 90m, 12h, 7d or 2w");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let length = match unit {
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        'w' => TimeDelta::try_weeks(number),
        _ => None,
    };
    length
        .filter(|length| *length >= TimeDelta::zero() && length.num_days() < 40_000)
        .ok_or_else(wrong)
}
