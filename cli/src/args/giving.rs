//! The options of contributions and members.

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::How;

/// `waybill contribute` and `commit`.
#[derive(Debug, Args)]
pub(crate) struct Contribute {
    /// The id that it gets, such as LU-2026-1; known: it is stated anew.
    pub(crate) id: String,
    /// Who gives; several give jointly.
    #[arg(long = "donor", required = true, value_name = "PARTY")]
    pub(crate) donors: Vec<String>,
    /// How much, such as `EUR 5M` or `DKK 91,000,000`.
    #[arg(long, value_name = "MONEY")]
    pub(crate) amount: Option<String>,
    /// Goods instead: what, how many, and in how many days they can be there. Pieces, or another unit
    /// with what one of it holds: `toner=5 BX@30`, `toner=5 BX of 5 H87@30`.
    #[arg(long, value_name = "ITEM=QUANTITY@DAYS")]
    pub(crate) in_kind: Vec<String>,
    /// The pledge that it makes good.
    #[arg(long, value_name = "ID")]
    pub(crate) converts: Option<String>,
    /// The day it was stated; without, today.
    #[arg(long, value_name = "DATE")]
    pub(crate) stated: Option<NaiveDate>,
    /// The last day on which it can be bound by an order.
    #[arg(long, value_name = "DATE")]
    pub(crate) obligate_by: Option<NaiveDate>,
    /// The last day on which it can be paid.
    #[arg(long, value_name = "DATE")]
    pub(crate) pay_by: Option<NaiveDate>,
    /// When its donor is asked: never, for each lot, or above an amount such as `EUR 100k`.
    #[arg(long, value_name = "none|each|MONEY", default_value = "none")]
    pub(crate) consent: String,
    /// Only for classification codes that begin so.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) code: Vec<String>,
    /// Only for this item.
    #[arg(long, value_name = "ITEM")]
    pub(crate) item: Vec<String>,
    /// Only for this requester.
    #[arg(long, value_name = "PARTY")]
    pub(crate) requester: Vec<String>,
    /// Only through this channel.
    #[arg(long, value_name = "PARTY")]
    pub(crate) channel: Option<String>,
    /// Where it is written: a page, a letter.
    #[arg(long, required = true, value_name = "TEXT")]
    pub(crate) evidence: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill withdraw`.
#[derive(Debug, Args)]
pub(crate) struct Withdraw {
    /// The contribution.
    pub(crate) id: String,
    /// How much; without, all that is not bound by an order.
    #[arg(long, value_name = "MONEY")]
    pub(crate) amount: Option<String>,
    /// Although the last one was the same; otherwise that counts as the same act sent twice.
    #[arg(long)]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill reinstate`.
#[derive(Debug, Args)]
pub(crate) struct Reinstate {
    /// The contribution.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill deposit`.
#[derive(Debug, Args)]
pub(crate) struct Deposit {
    /// The contribution.
    pub(crate) id: String,
    /// How much reached the buying agent, such as `EUR 2.5M`.
    pub(crate) amount: String,
    /// The payment's number: each is recorded once.
    #[arg(long, required = true)]
    pub(crate) number: String,
    /// On which day; without, today.
    #[arg(long, value_name = "DATE")]
    pub(crate) date: Option<NaiveDate>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill member`.
#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// A party takes a role.
    #[command(after_help = "\
Examples:
  waybill member add PT --name Portugal --evidence 'decision 12'
  waybill member add LU --role lead --evidence 'decision 1'")]
    Add(MemberAdd),
    /// A party's role ends.
    #[command(after_help = "\
Examples:
  waybill member end IS --on 2026-12-31 --evidence 'decision 14'")]
    End(MemberEnd),
    /// Rename a requester, with its lines and consignees.
    #[command(after_help = "\
Examples:
  waybill member rename UA-MOD-IT --to UA-MOD-D --evidence 'decree 7'")]
    Rename(MemberRename),
}

/// The roles of a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PartyRole {
    /// Leads the coalition; may fund.
    Lead,
    /// May fund.
    Member,
    /// Sees, and cannot fund.
    Observer,
    /// Requests and receives.
    Beneficiary,
    /// Buys for the donors.
    #[value(alias = "buying_agent")]
    BuyingAgent,
}

/// `waybill member add`.
#[derive(Debug, Args)]
pub(crate) struct MemberAdd {
    /// The party's id, such as LU.
    pub(crate) party: String,
    /// The role.
    #[arg(long, value_enum, default_value_t = PartyRole::Member)]
    pub(crate) role: PartyRole,
    /// Its name, if it is new.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The first day; without, today.
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<NaiveDate>,
    /// Where it is written: a page, a decision.
    #[arg(long, required = true, value_name = "TEXT")]
    pub(crate) evidence: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill member end`.
#[derive(Debug, Args)]
pub(crate) struct MemberEnd {
    /// The party's id.
    pub(crate) party: String,
    /// The role.
    #[arg(long, value_enum, default_value_t = PartyRole::Member)]
    pub(crate) role: PartyRole,
    /// The last day; without, today.
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<NaiveDate>,
    /// Where it is written: a page, a decision.
    #[arg(long, required = true, value_name = "TEXT")]
    pub(crate) evidence: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill member rename`.
#[derive(Debug, Args)]
pub(crate) struct MemberRename {
    /// The requester's id so far.
    pub(crate) party: String,
    /// Its new id.
    #[arg(long, value_name = "ID")]
    pub(crate) to: String,
    /// Its name, if that changes, too.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Where it is written: a page, a decision.
    #[arg(long, required = true, value_name = "TEXT")]
    pub(crate) evidence: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill offer`.
#[derive(Debug, Subcommand)]
pub(crate) enum Offer {
    /// Order nothing by an offer after a day.
    #[command(after_help = "\
Examples:
  waybill offer end O-001 -m 'not in the new price list'")]
    End(OfferEnd),
    /// Keep an offer on sale that its folder does not have any more.
    #[command(after_help = "\
Examples:
  waybill offer keep O-001 -m 'it still holds'")]
    Keep(OfferKeep),
}

/// `waybill offer end`.
#[derive(Debug, Args)]
pub(crate) struct OfferEnd {
    /// The offer.
    pub(crate) id: String,
    /// The last day; without, today.
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<NaiveDate>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill offer keep`.
#[derive(Debug, Args)]
pub(crate) struct OfferKeep {
    /// The offer.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill submit`.
#[derive(Debug, Args)]
pub(crate) struct Submit {
    /// A file of lines (.csv, .xlsx, .json, .jsonl), or fields of one line; what is missing is asked for.
    #[arg(value_name = "FILE | FIELD=VALUE")]
    pub(crate) what: Vec<String>,
    /// Of a file, take the rows that are right.
    #[arg(long)]
    pub(crate) partial: bool,
    #[command(flatten)]
    pub(crate) how: How,
}
