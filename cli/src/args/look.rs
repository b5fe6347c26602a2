//! The options of what answers questions.

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
    /// Only what this party has to do: a group, a donor, a requester, a supplier, a buying agent,
    /// or `secretariat`.
    #[arg(long, env = "WAYBILL_WAITING_ON", value_name = "PARTY")]
    pub(crate) waiting_on: Option<String>,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// The states that lots can have.
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

/// By what lots can be sorted.
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
    /// Only in this state.
    #[arg(long, env = "WAYBILL_STATE", value_parser = STATES)]
    pub(crate) state: Option<String>,
    /// Only at this step.
    #[arg(long, env = "WAYBILL_STEP", value_parser = PossibleValuesParser::new(StepKind::NAMES))]
    pub(crate) step: Option<String>,
    /// Only waiting for this.
    #[arg(long, env = "WAYBILL_AWAITS", value_parser = WAITS)]
    pub(crate) awaits: Option<String>,
    /// Only paid for by this donor.
    #[arg(long, env = "WAYBILL_DONOR")]
    pub(crate) donor: Option<String>,
    #[command(flatten)]
    pub(crate) asked: Needs,
    /// Only where they are for longer than this, such as 90m, 12h, 7d or 2w.
    #[arg(long, env = "WAYBILL_OLDER_THAN", value_name = "TIME", value_parser = age)]
    pub(crate) older_than: Option<TimeDelta>,
    /// In which order; with a minus, the other way round. By age, due or -priority, what --state,
    /// --step, --awaits and --class leave has to be 50,000 lots at most.
    #[arg(long, env = "WAYBILL_SORT", value_parser = LOT_SORTS, default_value = "id", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) sort: String,
    /// Only after this lot, in order of ids.
    #[arg(long, env = "WAYBILL_AFTER")]
    pub(crate) after: Option<String>,
    #[command(flatten)]
    pub(crate) many: Many,
    /// Print ids alone, one a line.
    #[arg(long, conflicts_with_all = ["json", "csv", "columns"])]
    pub(crate) ids: bool,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// Which needs to list.
#[derive(Debug, Args)]
pub(crate) struct Needs {
    /// Only of this requester.
    #[arg(long, env = "WAYBILL_REQUESTER")]
    pub(crate) requester: Option<String>,
    /// Only of this priority class.
    #[arg(long, env = "WAYBILL_CLASS")]
    pub(crate) class: Option<u8>,
    /// Only of this expert group's categories.
    #[arg(long, env = "WAYBILL_GROUP")]
    pub(crate) group: Option<String>,
    /// Only of this item.
    #[arg(long, env = "WAYBILL_ITEM")]
    pub(crate) item: Option<String>,
    /// Only what is late: past the day of delivery or of need, or the end of a wait.
    #[arg(long, env = "WAYBILL_LATE", value_parser = BoolishValueParser::new())]
    pub(crate) late: bool,
}

/// How many of a listing.
#[derive(Debug, Args)]
pub(crate) struct Many {
    /// At most this many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000_000), env = "WAYBILL_LIMIT")]
    pub(crate) limit: u64,
    /// All of them.
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
    /// Only those of which something is under way.
    #[arg(long, env = "WAYBILL_OPEN", value_parser = BoolishValueParser::new())]
    pub(crate) open: bool,
    /// In which order.
    #[arg(long, env = "WAYBILL_SORT", value_parser = ["id", "priority"], default_value = "id", hide_default_value = true)]
    pub(crate) sort: String,
    #[command(flatten)]
    pub(crate) many: Many,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// A length of time such as `7d`.
fn age(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("`{text}` is no length of time: write 90m, 12h, 7d or 2w");
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
