//! Options of commands about orders, deliveries and payments.

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use waybill_shared::domain::document::RejectReason;

use super::How;

/// `waybill order`.
#[derive(Debug, Subcommand)]
pub(crate) enum Order {
    /// Record the supplier's response: accepted, changed or refused.
    #[command(after_help = RESPOND)]
    Respond(Respond),
    /// Approve an order above the limit, so that it is sent.
    #[command(after_help = "\
Examples:
  waybill order approve PO-SUP-03-NSPA-EUR-0001")]
    Approve(OrderOn),
    /// Refuse approval of an order above the limit: its lots are held, and their money returns.
    #[command(after_help = "\
Examples:
  waybill order disapprove PO-SUP-03-NSPA-EUR-0001 -m 'too dear'")]
    Disapprove(OrderOn),
    /// Accept the terms that the supplier asks for: the donors pay the difference, and are asked if they have to
    /// agree.
    #[command(after_help = "\
Examples:
  waybill order accept PO-SUP-03-NSPA-EUR-0001 --dry-run
  waybill order accept PO-SUP-03-NSPA-EUR-0001 --lot LOT-00A -m urgent")]
    Accept(DecideTerms),
    /// Do not accept the terms that the supplier asks for: the lots are matched again at the price that is known now,
    /// with the best offer.
    #[command(after_help = "\
Examples:
  waybill order rematch PO-SUP-03-NSPA-EUR-0001")]
    Rematch(DecideTerms),
    /// Do not accept the terms that the supplier asks for, and do not buy these lots at that price. What the supplier
    /// had accepted before must be delivered as agreed.
    #[command(after_help = "\
Examples:
  waybill order reject PO-SUP-03-NSPA-EUR-0001 -m 'too dear'")]
    Reject(DecideTerms),
    /// Cancel what has not been delivered yet: the supplier is informed, money returns, and lots are matched again.
    #[command(after_help = "\
Examples:
  waybill order cancel PO-SUP-03-NSPA-EUR-0001 --dry-run
  waybill order cancel PO-SUP-03-NSPA-EUR-0001 -m 'the supplier is bankrupt'
  waybill order cancel PO-SUP-03-NSPA-EUR-0001 --lot LOT-00A --lot LOT-00B=4")]
    Cancel(CancelOrder),
    /// Ask the supplier for a smaller quantity. Nothing changes until it answers, and other lots are not affected.
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
    /// Only this lot of the order.
    #[arg(long = "lot", value_name = "LOT")]
    pub(crate) lots: Vec<String>,
}

/// `waybill order cancel`.
#[derive(Debug, Args)]
pub(crate) struct CancelOrder {
    #[command(flatten)]
    pub(crate) on: OrderOn,
    /// Only this lot, or this quantity of it.
    #[arg(long = "lot", value_name = "LOT[=QUANTITY]")]
    pub(crate) lots: Vec<String>,
}

/// `waybill order change`.
#[derive(Debug, Args)]
pub(crate) struct ChangeOrder {
    /// The order's number.
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// The quantity of each lot that is still wanted; 0 means nothing. The ordered quantity withdraws a
    /// change that the supplier has refused.
    #[arg(required = true, value_name = "LOT=QUANTITY")]
    pub(crate) lots: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// The orders that an answer is about.
#[derive(Debug, Args)]
pub(crate) struct OrderOn {
    /// Order numbers. `-` reads them from standard input.
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
    /// Another unit price, as an amount (`1250.50`) or a change (`+12%`). For one lot: LOT=PRICE.
    #[arg(long, value_name = "[LOT=]PRICE", allow_hyphen_values = true)]
    pub(crate) price: Vec<String>,
    /// Another delivery day, as a date or a change (`+6w`, `+10d`). For one lot: LOT=DAY.
    #[arg(long, value_name = "[LOT=]DAY", allow_hyphen_values = true)]
    pub(crate) due: Vec<String>,
    /// The lots that the supplier refuses. `all`, or no value, means the whole order or order change.
    #[arg(long, value_name = "LOT", num_args = 0..=1, default_missing_value = "all")]
    pub(crate) refuse: Vec<String>,
    /// The number of the order change that this answers.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["price", "due"])]
    pub(crate) change: Option<String>,
    #[command(flatten)]
    pub(crate) document: Document,
    #[command(flatten)]
    pub(crate) how: How,
}

/// The number of a document.
#[derive(Debug, Clone, Args)]
pub(crate) struct Document {
    /// The sender's number of the document. By default it is derived from the content, so that submitting the same
    /// again changes nothing.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) number: Option<String>,
}

/// `waybill despatch`.
#[derive(Debug, Args)]
pub(crate) struct Despatch {
    /// The order's number.
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// What has been shipped; by default everything that has not been yet.
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
    /// What was received, and how much of it was rejected. Without it, you are asked for each lot.
    #[arg(value_name = "LOT=ACCEPTED[/REJECTED]")]
    pub(crate) lots: Vec<String>,
    /// Everything outstanding was received and accepted.
    #[arg(long, conflicts_with = "lots")]
    pub(crate) all: bool,
    /// What happens to short or rejected goods.
    #[arg(long, value_enum, default_value_t = Remedy::Replace)]
    pub(crate) remedy: Remedy,
    /// Why goods were rejected: broken, quality, wrong_item, wrong_version, wrong_label, wrong_price,
    /// wrong_packaging, damaged_packaging or other; or a code of OpenPeppol, such as 1.
    #[arg(long, value_name = "REASON", value_parser = reject_reason)]
    pub(crate) rejected_for: Option<RejectReason>,
    #[command(flatten)]
    pub(crate) document: Document,
    #[command(flatten)]
    pub(crate) how: How,
}

/// Reads a reason as documents name it.
fn reject_reason(text: &str) -> Result<RejectReason, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

/// What happens to short or rejected goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Remedy {
    /// The goods are delivered again.
    Replace,
    /// The money returns, and the goods are matched again.
    Return,
}

/// `waybill pay`.
#[derive(Debug, Args)]
pub(crate) struct Pay {
    /// The order's number.
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// What was paid for each lot, in the order's currency. Payment before delivery is possible as far as the
    /// pipeline allows. A negative amount is a refund. Without it, everything due was paid.
    #[arg(value_name = "LOT=AMOUNT")]
    pub(crate) lots: Vec<String>,
    /// The day of payment; today by default.
    #[arg(long, value_name = "DATE")]
    pub(crate) date: Option<NaiveDate>,
    /// This is the last payment for these lots: the rest of their money returns to the donors.
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
    /// The amount of the claim, if it is about money, such as `EUR 1,200`.
    #[arg(long, value_name = "MONEY")]
    pub(crate) amount: Option<String>,
    #[command(flatten)]
    pub(crate) how: How,
}
