//! What an operator can do to lots, lines and orders by hand. Each names what it wants; whether it can
//! be had is decided on what is there.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::document::Verdict;
use super::ids::LotId;
use super::money::Money;
use super::order::TermsDecision;
use super::party::Role;
use super::quantity::Quantity;
use super::surplus::SurplusFate;

/// A command by a person, on one or more subjects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Command {
    /// Lots: nothing happens to them until they are resumed. They keep their rank, not their money.
    Hold,
    /// Held lots: they go on at their step; those whose money was given back, at matching.
    Resume,
    /// Parked lots run their step again, and those that wait for another attempt do so now.
    Retry,
    /// Lots parked at validation: they go on as if they had passed it.
    Skip,
    /// Lots: given up. Their money goes back.
    Cancel,
    /// A lot without money or order: this much of it becomes a lot of its own.
    Split {
        /// How much.
        #[serde(with = "super::quantity::text")]
        #[schema(value_type = String, example = "12.5")]
        quantity: Quantity,
        /// Although the same person's last one was the same: otherwise that is the same act sent twice.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// Lots without money or order: carried by another one of their line.
    Merge {
        /// The lot that carries them on.
        into: LotId,
    },
    /// Lots: delivered to another consignee of their requester.
    Redirect {
        /// The public code of the consignee.
        consignee: String,
    },
    /// Lines: another place in the beneficiary's list. Their lots stay where they are.
    Rank {
        /// The rank within the class, from 1.
        rank: u32,
        /// The class, if that changes, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<u8>,
    },
    /// A line: a later, changed version of it. Lots that are not ordered yet are validated again.
    Amend {
        /// What changes, by the names that requisition files have for it.
        fields: BTreeMap<String, String>,
    },
    /// A line: what of it was declined or sent back is validated anew, by the rules and reference data of
    /// now.
    Reopen,
    /// A line: what was written down wrongly and changes nothing of what is asked for. Its lots stay
    /// where they are.
    Correct {
        /// What changes: `description`, `source`, `needed_by`, `together`.
        fields: BTreeMap<String, String>,
    },
    /// Lots that wait for a review.
    Review {
        /// What the group decided.
        verdict: Verdict,
    },
    /// Lots that wait for a donor's consent.
    Consent {
        /// The envelope asked for; without, each one whose donor has not answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        envelope: Option<String>,
        /// Whether it may be used.
        agreed: bool,
    },
    /// Lots whose requester was offered goods in kind.
    Accept {
        /// Whether it takes them.
        accepted: bool,
    },
    /// Lots of which more came than was bought: what becomes of that.
    Surplus {
        /// Kept and paid, kept unpaid, or returned.
        fate: SurplusFate,
    },
    /// Orders above the limit.
    Approve {
        /// Whether they may be sent.
        approved: bool,
    },
    /// Orders whose suppliers changed their terms: what is answered to that.
    DecideTerms {
        /// What is answered.
        decision: TermsDecision,
        /// Only of these lots; none: of all that wait for it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lots: Vec<LotId>,
    },
    /// Orders of which nothing has come yet: the supplier is told, money returns, lots are matched again.
    CancelOrder {
        /// Only these lots, each with how much of it; an empty text: all that is to come of it.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        lots: BTreeMap<String, String>,
    },
    /// An order: its supplier is asked for less of these lots. Nothing changes until it answers.
    ChangeOrder {
        /// How much of each lot is wanted still; `0`: nothing.
        lots: BTreeMap<String, String>,
    },
    /// A contribution: what is not bound by an order is taken back.
    Withdraw {
        /// How much; without, all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
        /// Although the same person's last one was the same: otherwise that is the same act sent twice.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// Everything (`all`), `calendar`, `connector`, `webhooks`, `step:NAME`, `supplier:ID` or `webhook:ID`: nothing of it
    /// happens by itself until it goes on.
    Pause,
    /// The same: it goes on.
    Unpause,
    /// A contribution: what has lapsed of it is there again, if its last day is still to come.
    Reinstate,
    /// A contribution: cash has reached the buying agent.
    Deposit {
        /// The sender's number for it, once for each contribution.
        number: String,
        /// How much.
        amount: Money,
        /// On which day.
        date: NaiveDate,
    },
    /// A party: it takes a role, from a day on.
    BeginRole {
        /// The role.
        role: Role,
        /// The first day.
        from: NaiveDate,
        /// Its name, if the party is new.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Where it is written.
        evidence: String,
    },
    /// A party: its role ends.
    EndRole {
        /// The role.
        role: Role,
        /// The last day.
        last: NaiveDate,
        /// Where it is written.
        evidence: String,
    },
    /// A requester: it is called otherwise from now on. Its lines and consignees go with it, and files that
    /// call it by the old id mean the new one.
    RenameRequester {
        /// The new id.
        to: String,
        /// Its name, if that changes, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Where it is written.
        evidence: String,
    },
    /// An offer: nothing is ordered by it after a day.
    EndOffer {
        /// The last day.
        last: NaiveDate,
    },
    /// An offer that its folder does not have any more: it stays on sale.
    KeepOffer,
    /// An order: a claim on its supplier.
    Claim {
        /// How much is claimed, if it is money.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
    },
    /// Anything: a note for those who come after.
    Note {
        /// The day on which to look at it again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        follow_up: Option<NaiveDate>,
    },
    /// Anything: a file that belongs to it.
    Attach {
        /// The file's name.
        name: String,
        /// What is in it.
        #[serde(with = "super::command::bytes")]
        #[schema(value_type = String, content_encoding = "base64")]
        content: Vec<u8>,
    },
}

/// Bytes as base 64, as JSON carries them.
pub mod bytes {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Writes base 64.
    ///
    /// # Errors
    /// What the serializer says.
    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    /// Reads base 64.
    ///
    /// # Errors
    /// What is not base 64.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map_err(|error| D::Error::custom(error.to_string()))
    }
}
