//! The options of orders and of what comes of them.

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use waybill_shared::domain::document::RejectReason;

use super::How;

/// `waybill order`.
#[derive(Debug, Subcommand)]
pub(crate) enum Order {
    /// The supplier's response: accepted, changed or refused.
    #[command(after_help = RESPOND)]
    Respond(Respond),
    /// An order above the limit may be sent.
    #[command(after_help = "\
Examples:
  waybill order approve PO-SUP-03-NSPA-EUR-0001")]
    Approve(OrderOn),
    /// An order above the limit may not be sent: its lots are held, their money goes back.
    #[command(after_help = "\
Examples:
  waybill order disapprove PO-SUP-03-NSPA-EUR-0001 -m 'too dear'")]
    Disapprove(OrderOn),
    /// Terms that the supplier changed are accepted: the difference is paid, its donors asked where they
    /// have to agree.
    #[command(after_help = "\
Examples:
  waybill order accept PO-SUP-03-NSPA-EUR-0001 --dry-run
  waybill order accept PO-SUP-03-NSPA-EUR-0001 --lot LOT-00A -m urgent")]
    Accept(DecideTerms),
    /// Terms that the supplier changed are not accepted: the lots are matched again at the price that is
    /// known now, by whichever offer is the best.
    #[command(after_help = "\
Examples:
  waybill order rematch PO-SUP-03-NSPA-EUR-0001")]
    Rematch(DecideTerms),
    /// Terms that the supplier changed are not accepted, and these lots are not bought at that price.
    /// What it had accepted before it has to deliver as agreed.
    #[command(after_help = "\
Examples:
  waybill order reject PO-SUP-03-NSPA-EUR-0001 -m 'too dear'")]
    Reject(DecideTerms),
    /// What has not come yet of an order: the supplier is told, money returns, lots are matched again.
    #[command(after_help = "\
Examples:
  waybill order cancel PO-SUP-03-NSPA-EUR-0001 --dry-run
  waybill order cancel PO-SUP-03-NSPA-EUR-0001 -m 'the supplier is bankrupt'
  waybill order cancel PO-SUP-03-NSPA-EUR-0001 --lot LOT-00A --lot LOT-00B=4")]
    Cancel(CancelOrder),
    /// Ask the supplier for less. Nothing changes until it answers, and no other lot does.
    #[command(after_help = "\
Examples:
  waybill order change PO-SUP-03-NSPA-EUR-0001 LOT-00A=12 --dry-run
  waybill order change PO-SUP-03-NSPA-EUR-0001 LOT-00A=12 -m 'too many'
  waybill order change PO-SUP-03-NSPA-EUR-0001 LOT-00A=0 LOT-00B=4")]
    Change(ChangeOrder),
}

const RESPOND: &str = "\
Examples:
  waybill order respond PO-SUP-03-NSPA-EUR-0001    # as ordered
  waybill order respond PO-SUP-03-NSPA-EUR-0001 --price +12% --due +6w --dry-run
  waybill order respond PO-SUP-03-NSPA-EUR-0001 --refuse LOT-00A -m 'sold out'
  waybill order respond PO-S1-AG-EUR-0001 --change PO-S1-AG-EUR-0001-CHANGE-1";

/// `waybill order accept`, `rematch` and `reject`.
#[derive(Debug, Args)]
pub(crate) struct DecideTerms {
    #[command(flatten)]
    pub(crate) on: OrderOn,
    /// Only this lot.
    #[arg(long = "lot", value_name = "LOT")]
    pub(crate) lots: Vec<String>,
}

/// `waybill order cancel`.
#[derive(Debug, Args)]
pub(crate) struct CancelOrder {
    #[command(flatten)]
    pub(crate) on: OrderOn,
    /// Only this lot, or this much of it.
    #[arg(long = "lot", value_name = "LOT[=QUANTITY]")]
    pub(crate) lots: Vec<String>,
}

/// `waybill order change`.
#[derive(Debug, Args)]
pub(crate) struct ChangeOrder {
    /// The order's number.
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// How much of each lot is wanted still; 0: nothing. As much as is on order: what the supplier has
    /// refused is left as it is.
    #[arg(required = true, value_name = "LOT=QUANTITY")]
    pub(crate) lots: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// Orders that an answer is about.
#[derive(Debug, Args)]
pub(crate) struct OrderOn {
    /// Orders, by number; `-` reads them from standard input.
    #[arg(required = true, value_name = "ORDER")]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill order respond`.
#[derive(Debug, Args)]
pub(crate) struct Respond {
    /// The order's number.
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// Another price of one unit, as an amount (`1250.50`) or a change (`+12%`); of one lot: LOT=PRICE.
    #[arg(long, value_name = "[LOT=]PRICE", allow_hyphen_values = true)]
    pub(crate) price: Vec<String>,
    /// Another day, as a date or a change (`+6w`, `+10d`); of one lot: LOT=DAY.
    #[arg(long, value_name = "[LOT=]DAY", allow_hyphen_values = true)]
    pub(crate) due: Vec<String>,
    /// Lots that the supplier refuses; `all`, or nothing: the whole order, or the change.
    #[arg(long, value_name = "LOT", num_args = 0..=1, default_missing_value = "all")]
    pub(crate) refuse: Vec<String>,
    /// It answers this order change.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["price", "due"])]
    pub(crate) change: Option<String>,
    #[command(flatten)]
    pub(crate) document: Document,
    #[command(flatten)]
    pub(crate) how: How,
}

/// Under which number a document is handed in.
#[derive(Debug, Clone, Args)]
pub(crate) struct Document {
    /// The sender's number for it; without, one made of what it says, so that the same again changes
    /// nothing.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) number: Option<String>,
}

/// `waybill despatch`.
#[derive(Debug, Args)]
pub(crate) struct Despatch {
    /// The order's number.
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// What is on its way; without, all that is to come.
    #[arg(value_name = "LOT=QUANTITY")]
    pub(crate) lots: Vec<String>,
    #[command(flatten)]
    pub(crate) document: Document,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill receive`.
#[derive(Debug, Args)]
pub(crate) struct Receive {
    /// The order's number.
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// What was received, and what of it was rejected; without, each lot is asked for.
    #[arg(value_name = "LOT=ACCEPTED[/REJECTED]")]
    pub(crate) lots: Vec<String>,
    /// All that is to come was received and accepted.
    #[arg(long, conflicts_with = "lots")]
    pub(crate) all: bool,
    /// What happens to what is short or rejected.
    #[arg(long, value_enum, default_value_t = Remedy::Replace)]
    pub(crate) remedy: Remedy,
    /// Why some of it was rejected: broken, quality, wrong_item, wrong_version, wrong_label, wrong_price,
    /// wrong_packaging, damaged_packaging or other; or OpenPeppol's code, such as 1.
    #[arg(long, value_name = "REASON", value_parser = reject_reason)]
    pub(crate) rejected_for: Option<RejectReason>,
    #[command(flatten)]
    pub(crate) document: Document,
    #[command(flatten)]
    pub(crate) how: How,
}

/// A reason as documents name it.
fn reject_reason(text: &str) -> Result<RejectReason, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

/// What happens to what is short or rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Remedy {
    /// It is delivered again.
    Replace,
    /// The money goes back, and it is matched again.
    Return,
}

/// `waybill pay`.
#[derive(Debug, Args)]
pub(crate) struct Pay {
    /// The order's number.
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// What was paid for each lot, in the order's currency, before it has come, too, as far as the pipeline
    /// allows; below zero: what its seller gave back. Without, all that is due.
    #[arg(value_name = "LOT=AMOUNT")]
    pub(crate) lots: Vec<String>,
    /// On which day; without, today.
    #[arg(long, value_name = "DATE")]
    pub(crate) date: Option<NaiveDate>,
    /// Nothing more will be paid for these lots: the rest returns to the donors.
    #[arg(long = "final")]
    pub(crate) is_final: bool,
    #[command(flatten)]
    pub(crate) document: Document,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill claim`.
#[derive(Debug, Args)]
pub(crate) struct Claim {
    /// The order's number.
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// How much is claimed, if it is money, such as `EUR 1,200`.
    #[arg(long, value_name = "MONEY")]
    pub(crate) amount: Option<String>,
    #[command(flatten)]
    pub(crate) how: How,
}
