//! Documents from outside: answers, responses, advices and payments. Each counts once, by sender and number. The
//! terms are those of UBL 2.1 and Peppol, where they have one.

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
    /// The lot continues.
    Approve,
    /// The lot ends.
    Decline,
    /// An earlier line asks for the same, and carries this lot.
    Merge,
    /// The lot goes back to its requester, who has to amend it.
    Return,
}

/// What a supplier answers to one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum LineAnswer {
    /// Accepted as ordered.
    Accepted,
    /// Accepted at another price for one unit, or for another day.
    Changed {
        /// The new price of one unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit_price: Option<Price>,
        /// The new day of delivery.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<NaiveDate>,
    },
    /// Refused.
    Refused {
        /// The reason.
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

/// What was despatched of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DespatchLine {
    /// The lot.
    pub lot: LotId,
    /// The despatched quantity.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "12.5")]
    pub quantity: Quantity,
}

/// What happens to missing or rejected goods.
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

/// Why goods were rejected: OpenPeppol's code list `RejectReasonCode` (receipt advice 1.0), by name or code.
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
    /// Another reason, or several reasons: code 99.
    #[serde(alias = "99")]
    Other,
}

impl RejectReason {
    /// The reason in words.
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

/// What was received of a line. A licence is activated and a service is accepted instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptLine {
    /// The lot.
    pub lot: LotId,
    /// The quantity that was received and accepted.
    #[serde(with = "super::quantity::text")]
    #[schema(value_type = String, example = "12.5")]
    pub accepted: Quantity,
    /// The quantity that was received and rejected.
    #[serde(default, with = "super::quantity::text")]
    #[schema(value_type = String, example = "0")]
    pub rejected: Quantity,
    /// What happens to missing or rejected goods.
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
    /// The amount, in the order's currency.
    pub amount: Money,
    /// Nothing more will be paid, even if less was paid than is due. The rest goes back to the donors.
    #[serde(default, rename = "final", skip_serializing_if = "std::ops::Not::not")]
    pub is_final: bool,
}

/// The content of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// An expert group's review of a lot.
    Review {
        /// The lot.
        lot: LotId,
        /// What was decided.
        verdict: Verdict,
        /// The reason.
        text: String,
    },
    /// The requester's answer to an offer in kind.
    Acceptance {
        /// The lot.
        lot: LotId,
        /// Whether the requester takes the goods.
        accepted: bool,
    },
    /// A donor's answer to a request for consent.
    Consent {
        /// The lot.
        lot: LotId,
        /// The envelope.
        envelope: String,
        /// Whether the donor agrees.
        agreed: bool,
    },
    /// The approval of an order above the limit.
    Approval {
        /// The order.
        order: String,
        /// Whether it may be sent.
        approved: bool,
    },
    /// The secretariat's answer to other terms that a supplier asks for.
    TermsDecision {
        /// The order.
        order: String,
        /// What the secretariat decided.
        decision: TermsDecision,
        /// Only these lots. Empty means all lots that wait for the answer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lots: Vec<LotId>,
        /// The reason.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
    /// A supplier's response to an order.
    OrderResponse {
        /// The order.
        order: String,
        /// The answers by lot. A missing line counts as accepted.
        lines: Vec<ResponseLine>,
    },
    /// A supplier's answer to an order change.
    OrderChangeResponse {
        /// The order.
        order: String,
        /// The number of the change.
        change: String,
        /// Whether the supplier agrees.
        accepted: bool,
        /// The reason, if it does not agree.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
    /// Goods are on their way.
    DespatchAdvice {
        /// The order.
        order: String,
        /// The despatched quantities by lot.
        lines: Vec<DespatchLine>,
    },
    /// Goods were received, a licence was activated, or a service was accepted.
    ReceiptAdvice {
        /// The order.
        order: String,
        /// The received quantities by lot. A missing line has not been received yet.
        lines: Vec<ReceiptLine>,
    },
    /// Money was paid.
    Payment {
        /// The order.
        order: String,
        /// The day of the payment.
        date: NaiveDate,
        /// The amounts by lot.
        lines: Vec<PaymentLine>,
    },
}

impl Document {
    /// The key of the document's job: sender and number, unambiguous whatever they contain.
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
    /// The party that sends it.
    pub sender: String,
    /// The sender's own number for it.
    pub number: String,
    /// The content.
    #[serde(flatten)]
    pub content: Content,
}

impl Document {
    /// Why the document cannot be stored under its sender and number. Every store has to be able to keep both, and
    /// people to read them: neither may be empty, too long or contain control characters.
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
