//! The options of what answers questions.

use clap::Args;
use waybill_shared::domain::pipeline::STEPS;

use super::{Form, Reach};

/// `waybill todo`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  waybill todo                            whose move it is, what is late first
  waybill todo --waiting-on LU            what one party has to do
  waybill todo --columns party,task,how   the command for each")]
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
const STATES: [&str; 9] = [
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
const WAITS: [&str; 10] = [
    "review",
    "funding",
    "consent",
    "acceptance",
    "gathering",
    "approval",
    "response",
    "delivery",
    "payment",
    "release",
];

/// `waybill lots`.
#[derive(Debug, Args)]
pub(crate) struct Lots {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Only in this state.
    #[arg(long, env = "WAYBILL_STATE", value_parser = STATES)]
    pub(crate) state: Option<String>,
    /// Only at this step.
    #[arg(long, env = "WAYBILL_STEP", value_parser = STEPS)]
    pub(crate) step: Option<String>,
    /// Only waiting for this.
    #[arg(long, env = "WAYBILL_AWAITS", value_parser = WAITS)]
    pub(crate) awaits: Option<String>,
    /// Only after this lot.
    #[arg(long, env = "WAYBILL_AFTER")]
    pub(crate) after: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..), env = "WAYBILL_LIMIT")]
    pub(crate) limit: i64,
    #[command(flatten)]
    pub(crate) form: Form,
}
