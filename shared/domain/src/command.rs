//! What an operator can do to lots, lines and orders by hand. A command states what is wanted. The stored data
//! decide whether it is possible.

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
    /// Lots: they stop until they are resumed. They keep their rank, but not their money.
    Hold,
    /// Held lots: they continue at their step. Those whose money was given back continue at matching.
    Resume,
    /// Parked lots: they run their step again. Lots that wait for another attempt run it now.
    Retry,
    /// Lots parked at validation: they continue as if they had passed it.
    Skip,
    /// Lots: they are cancelled. Their money goes back.
    Cancel,
    /// A lot without money or order: a part of it becomes a separate lot.
    Split {
        /// The quantity of the new lot.
        #[serde(with = "super::quantity::text")]
        #[schema(value_type = String, example = "12.5")]
        quantity: Quantity,
        /// Confirms that this is a second command although it equals the same person's last one. Otherwise it
        /// counts as the same command sent twice.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// Lots without money or order: another lot of their line carries them.
    Merge {
        /// The lot that carries them.
        into: LotId,
    },
    /// Lots: they are delivered to another consignee of their requester.
    Redirect {
        /// The public code of the consignee.
        consignee: String,
    },
    /// Lines: they get another place in the beneficiary's list. Their lots stay where they are.
    Rank {
        /// The rank within the class, from 1.
        rank: u32,
        /// The class, from 1, if it changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<u8>,
    },
    /// A line: it is changed. Lots that are not ordered yet are validated again.
    Amend {
        /// The new values, by the names that requisition files use.
        fields: BTreeMap<String, String>,
    },
    /// A line: lots that were declined or sent back are validated again, by the current rules and reference data.
    Reopen,
    /// A line: corrects an entry that does not affect what is requested. Its lots stay where they are.
    Correct {
        /// The new values: `description`, `source`, `needed_by`, `together`.
        fields: BTreeMap<String, String>,
    },
    /// Lots that wait for a review: the review.
    Review {
        /// What the expert group decided.
        verdict: Verdict,
    },
    /// Lots that wait for a donor's consent: the donor's answer.
    Consent {
        /// The envelope. Without it, every envelope whose donor has not answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        envelope: Option<String>,
        /// Whether the money may be used.
        agreed: bool,
    },
    /// Lots whose requester was offered goods in kind: the requester's answer.
    Accept {
        /// Whether the requester takes the goods.
        accepted: bool,
    },
    /// Lots of which more arrived than was bought: what happens to the surplus.
    Surplus {
        /// Kept and paid, kept unpaid, or returned.
        fate: SurplusFate,
    },
    /// Orders above the limit: their approval.
    Approve {
        /// Whether they may be sent.
        approved: bool,
    },
    /// Orders whose supplier asks for other terms: the answer.
    DecideTerms {
        /// What the secretariat decided.
        decision: TermsDecision,
        /// Only these lots. Empty means all lots that wait for the answer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lots: Vec<LotId>,
    },
    /// Orders of which nothing has arrived yet: the supplier is informed, the money goes back, and the lots are
    /// matched again.
    CancelOrder {
        /// Only these lots, each with the quantity to cancel. An empty text means all that is still to come of the
        /// lot.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        lots: BTreeMap<String, String>,
    },
    /// An order: its supplier is asked to deliver less of these lots. Nothing changes until the supplier answers.
    ChangeOrder {
        /// The quantity of each lot that is still wanted; `0` means none.
        lots: BTreeMap<String, String>,
    },
    /// A contribution: money that no order binds is taken back.
    Withdraw {
        /// The amount. Without it, all of that money.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
        /// Confirms that this is a second command although it equals the same person's last one. Otherwise it
        /// counts as the same command sent twice.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// Everything (`all`), `calendar`, `connector`, `webhooks`, `step:NAME`, `supplier:ID` or `webhook:ID`: it does
    /// nothing by itself until it is unpaused.
    Pause,
    /// The same subjects as `pause`: they continue.
    Unpause,
    /// A contribution: money that has lapsed can be used again, if the last day is still to come.
    Reinstate,
    /// A contribution: cash has reached the buying agent.
    Deposit {
        /// The sender's number for the deposit. Each number counts once for each contribution.
        number: String,
        /// The amount.
        amount: Money,
        /// The day on which it arrived.
        date: NaiveDate,
    },
    /// A party: it takes on a role from a given day.
    BeginRole {
        /// The role.
        role: Role,
        /// The first day.
        from: NaiveDate,
        /// Its name, if the party is new.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Where this is stated.
        evidence: String,
    },
    /// A party: its role ends.
    EndRole {
        /// The role.
        role: Role,
        /// The last day.
        last: NaiveDate,
        /// Where this is stated.
        evidence: String,
    },
    /// A requester: it gets a new id. Its lines and consignees move with it. Files that use the old id mean the new
    /// one.
    RenameRequester {
        /// The new id.
        to: String,
        /// Its new name, if that changes too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Where this is stated.
        evidence: String,
    },
    /// An offer: nothing is ordered from it after a given day.
    EndOffer {
        /// The last day.
        last: NaiveDate,
    },
    /// An offer that is no longer in its folder: it stays on sale.
    KeepOffer,
    /// An order: a claim against its supplier.
    Claim {
        /// The claimed amount, if money is claimed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
    },
    /// Any subject: a note for those who look at it later.
    Note {
        /// The day on which somebody should look at it again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        follow_up: Option<NaiveDate>,
    },
    /// Any subject: a file is attached to it.
    Attach {
        /// The file's name.
        name: String,
        /// The content of the file.
        #[serde(with = "super::command::bytes")]
        #[schema(value_type = String, content_encoding = "base64")]
        content: Vec<u8>,
    },
}

/// Bytes as base64, for JSON.
pub mod bytes {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Writes base64.
    ///
    /// # Errors
    /// If the serializer fails.
    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    /// Reads base64.
    ///
    /// # Errors
    /// If the text is not base64.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map_err(|error| D::Error::custom(error.to_string()))
    }
}
