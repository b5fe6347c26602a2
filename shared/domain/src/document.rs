//! What comes from outside: answers, responses, advices and payments, each taken once by sender
//! and number. The terms are those of UBL 2.1 and Peppol where they have one.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admissible::{LONGEST_ID, in_one_line};
use super::ids::LotId;
use super::money::Money;
use super::order::TermsDecision;
use super::price::Price;
use super::quantity::Quantity;

/// What a reviewer decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Goes on.
    Approve,
    /// Ends.
    Decline,
    /// The same need as an earlier line, which carries it.
    Merge,
    /// Back to its requester, to be amended.
    Return,
}

/// What a supplier answers to one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum LineAnswer {
    /// As ordered.
    Accepted,
    /// Other price for one unit, other date.
    Changed {
        /// The new price of one unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit_price: Option<Price>,
        /// The new day.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<NaiveDate>,
    },
    /// Not at all.
    Refused {
        /// Why.
        text: String,
    },
}

/// A supplier's answer to one line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResponseLine {
    /// The lot.
    pub lot: LotId,
    /// The answer.
    #[serde(flatten)]
    pub answer: LineAnswer,
}

/// What of a line was despatched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DespatchLine {
    /// The lot.
    pub lot: LotId,
    /// How much.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "12.5")]
    pub quantity: Quantity,
}

/// What happens to what is short or rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// The supplier delivers again: a back order. Peppol's action code 1.
    #[default]
    #[serde(alias = "1")]
    Replace,
    /// The money goes back, and the quantity is matched again at its rank. Peppol's action code 2.
    #[serde(alias = "2")]
    Return,
}

/// Why something was rejected: OpenPeppol's code list `RejectReasonCode` (receipt advice 1.0), by name or code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// Parts are broken: code 1.
    #[serde(alias = "1")]
    Broken,
    /// The quality is not as agreed: code 2.
    #[serde(alias = "2")]
    Quality,
    /// It is another item: code 3.
    #[serde(alias = "3")]
    WrongItem,
    /// It is another version of the item: code 4.
    #[serde(alias = "4")]
    WrongVersion,
    /// It is labelled wrongly: code 5.
    #[serde(alias = "5")]
    WrongLabel,
    /// Its price is wrong: code 6.
    #[serde(alias = "6")]
    WrongPrice,
    /// It is packed wrongly: code 7.
    #[serde(alias = "7")]
    WrongPackaging,
    /// It is packed wrongly, and the packaging is damaged: code 8.
    #[serde(alias = "8")]
    DamagedPackaging,
    /// Something else, or several: code 99.
    #[serde(alias = "99")]
    Other,
}

impl RejectReason {
    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Quality => "not of the agreed quality",
            Self::WrongItem => "another item",
            Self::WrongVersion => "another version of the item",
            Self::WrongLabel => "labelled wrongly",
            Self::WrongPrice => "at a wrong price",
            Self::WrongPackaging => "packed wrongly",
            Self::DamagedPackaging => "packed wrongly, with damaged packaging",
            Self::Other => "for another reason",
        }
    }
}

/// What of a line was received; for a licence: activated, for a service: accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptLine {
    /// The lot.
    pub lot: LotId,
    /// Received and accepted.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "12.5")]
    pub accepted: Quantity,
    /// Received and rejected.
    #[serde(default, with = "super::quantity::text")]
    #[schema(value_type = String, example = "0")]
    pub rejected: Quantity,
    /// What happens to what is missing or rejected.
    #[serde(default)]
    pub remedy: Remedy,
    /// Why some of it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<RejectReason>,
}

/// What was paid for one lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentLine {
    /// The lot.
    pub lot: LotId,
    /// How much, in the order's currency.
    pub amount: Money,
    /// Nothing more is to be paid, even if it is less than what is due: the rest returns to the
    /// donors.
    #[serde(default, rename = "final", skip_serializing_if = "std::ops::Not::not")]
    pub is_final: bool,
}

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// An expert group's review of a lot.
    Review {
        /// The lot.
        lot: LotId,
        /// What was decided.
        verdict: Verdict,
        /// Why.
        text: String,
    },
    /// The requester's answer to an offer in kind.
    Acceptance {
        /// The lot.
        lot: LotId,
        /// Whether it takes the goods.
        accepted: bool,
    },
    /// A donor's answer to the use of its money.
    Consent {
        /// The lot.
        lot: LotId,
        /// The envelope.
        envelope: String,
        /// Whether it agrees.
        agreed: bool,
    },
    /// The approval of an order above the limit.
    Approval {
        /// The order.
        order: String,
        /// Whether it may be sent.
        approved: bool,
    },
    /// What the secretariat answers to terms that a supplier changed.
    TermsDecision {
        /// The order.
        order: String,
        /// What it answers.
        decision: TermsDecision,
        /// Only of these lots; none: of all that wait for it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lots: Vec<LotId>,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
    /// A supplier's response to an order.
    OrderResponse {
        /// The order.
        order: String,
        /// Line by line; a line that is missing is accepted.
        lines: Vec<ResponseLine>,
    },
    /// A supplier's answer to an order change.
    OrderChangeResponse {
        /// The order.
        order: String,
        /// The number of the change.
        change: String,
        /// Whether it agrees.
        accepted: bool,
        /// Why not.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
    /// Goods are on their way.
    DespatchAdvice {
        /// The order.
        order: String,
        /// Line by line.
        lines: Vec<DespatchLine>,
    },
    /// Goods were received, a licence activated, a service accepted.
    ReceiptAdvice {
        /// The order.
        order: String,
        /// Line by line; a line that is missing was not received yet.
        lines: Vec<ReceiptLine>,
    },
    /// Money was paid.
    Payment {
        /// The order.
        order: String,
        /// The day.
        date: NaiveDate,
        /// Lot by lot.
        lines: Vec<PaymentLine>,
    },
}

impl Document {
    /// The key of its job: sender and number, whatever they hold.
    #[must_use]
    pub fn key(&self) -> String {
        Self::key_of(&self.sender, &self.number)
    }

    /// The key of the document of this sender and number.
    #[must_use]
    pub fn key_of(sender: &str, number: &str) -> String {
        format!("{}:{sender}/{number}", sender.chars().count())
    }
}

/// A document from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Document {
    /// Who sends it: the acting party.
    pub sender: String,
    /// The sender's own number for it.
    pub number: String,
    /// What it says.
    #[serde(flatten)]
    pub content: Content,
}

impl Document {
    /// What keeps it from being filed under its sender and number, which every store can keep and people can read:
    /// neither is empty or long, or holds control characters.
    #[must_use]
    pub fn unfilable(&self) -> Option<String> {
        let wrong = |(field, text): (&str, &str)| {
            let why = match text.trim() {
                "" => "is empty".to_owned(),
                _ => in_one_line(text, LONGEST_ID)?,
            };
            Some(format!("its {field} {why}"))
        };
        [("sender", self.sender.as_str()), ("number", &self.number)].into_iter().find_map(wrong)
    }
}
