//! Options of commands about contributions, members and offers, and of `submit`.

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::How;

/// `waybill contribute` and `commit`.
#[derive(Debug, Args)]
pub(crate) struct Contribute {
    /// The id of the contribution, such as LU-2026-1. A known id replaces that contribution.
    pub(crate) id: String,
    /// The donor. Several donors give jointly.
    #[arg(long = "donor", required = true, value_name = "PARTY")]
    pub(crate) donors: Vec<String>,
    /// The amount, such as `EUR 5M` or `DKK 91,000,000`.
    #[arg(long, value_name = "MONEY")]
    pub(crate) amount: Option<String>,
    /// Goods instead of money: the item, the quantity, and the days until delivery. Without a unit, pieces are meant.
    /// Another unit can state its content: `toner=5 BX@30`, `toner=5 BX of 5 H87@30`.
    #[arg(long, value_name = "ITEM=QUANTITY@DAYS")]
    pub(crate) in_kind: Vec<String>,
    /// The pledge that this contribution fulfils.
    #[arg(long, value_name = "ID")]
    pub(crate) converts: Option<String>,
    /// The day on which it was stated; today by default.
    #[arg(long, value_name = "DATE")]
    pub(crate) stated: Option<NaiveDate>,
    /// The last day on which an order can bind it.
    #[arg(long, value_name = "DATE")]
    pub(crate) obligate_by: Option<NaiveDate>,
    /// The last day on which it can be paid.
    #[arg(long, value_name = "DATE")]
    pub(crate) pay_by: Option<NaiveDate>,
    /// When the donor has to be asked: never, for each lot, or above an amount such as `EUR 100k`.
    #[arg(long, value_name = "none|each|MONEY", default_value = "none")]
    pub(crate) consent: String,
    /// Only for classification codes that start with this.
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
    /// The source: a page, a letter.
    #[arg(long, required = true, value_name = "TEXT")]
    pub(crate) evidence: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill withdraw`.
#[derive(Debug, Args)]
pub(crate) struct Withdraw {
    /// The contribution's id.
    pub(crate) id: String,
    /// The amount; by default all that no order binds.
    #[arg(long, value_name = "MONEY")]
    pub(crate) amount: Option<String>,
    /// Withdraw again even if the last withdrawal was the same. Otherwise it counts as the same command sent twice,
    /// and changes nothing.
    #[arg(long)]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill reinstate`.
#[derive(Debug, Args)]
pub(crate) struct Reinstate {
    /// The contribution's id.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill deposit`.
#[derive(Debug, Args)]
pub(crate) struct Deposit {
    /// The contribution's id.
    pub(crate) id: String,
    /// The amount that reached the buying agent, such as `EUR 2.5M`.
    pub(crate) amount: String,
    /// The number of the payment. Each number is recorded once.
    #[arg(long, required = true)]
    pub(crate) number: String,
    /// The day of the payment; today by default.
    #[arg(long, value_name = "DATE")]
    pub(crate) date: Option<NaiveDate>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill member`.
#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// Give a party a role.
    #[command(after_help = "\
Examples:
  waybill member add PT --name Portugal --evidence 'decision 12'
  waybill member add LU --role lead --evidence 'decision 1'")]
    Add(MemberAdd),
    /// End a party's role.
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
    /// Leads the coalition and may give money.
    Lead,
    /// May give money.
    Member,
    /// Watches, and cannot give money.
    Observer,
    /// Requests and receives items.
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
    /// The party's name, if the party is new.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The first day of the role; today by default.
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<NaiveDate>,
    /// The source: a page, a decision.
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
    /// The last day of the role; today by default.
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<NaiveDate>,
    /// The source: a page, a decision.
    #[arg(long, required = true, value_name = "TEXT")]
    pub(crate) evidence: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill member rename`.
#[derive(Debug, Args)]
pub(crate) struct MemberRename {
    /// The requester's present id.
    pub(crate) party: String,
    /// The new id.
    #[arg(long, value_name = "ID")]
    pub(crate) to: String,
    /// The new name, if it changes too.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The source: a page, a decision.
    #[arg(long, required = true, value_name = "TEXT")]
    pub(crate) evidence: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill offer`.
#[derive(Debug, Subcommand)]
pub(crate) enum Offer {
    /// Stop ordering by an offer after a day.
    #[command(after_help = "\
Examples:
  waybill offer end O-001 -m 'not in the new price list'")]
    End(OfferEnd),
    /// Keep an offer on sale that its folder does not contain any more.
    #[command(after_help = "\
Examples:
  waybill offer keep O-001 -m 'it still holds'")]
    Keep(OfferKeep),
}

/// `waybill offer end`.
#[derive(Debug, Args)]
pub(crate) struct OfferEnd {
    /// The offer's id.
    pub(crate) id: String,
    /// The last day of the offer; today by default.
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<NaiveDate>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill offer keep`.
#[derive(Debug, Args)]
pub(crate) struct OfferKeep {
    /// The offer's id.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// `waybill submit`.
#[derive(Debug, Args)]
pub(crate) struct Submit {
    /// A file of lines (.csv, .xlsx, .json, .jsonl), or fields of one line. Missing fields are asked for.
    #[arg(value_name = "FILE | FIELD=VALUE")]
    pub(crate) what: Vec<String>,
    /// Accept the good rows of a file even if others are wrong.
    #[arg(long)]
    pub(crate) partial: bool,
    #[command(flatten)]
    pub(crate) how: How,
}
