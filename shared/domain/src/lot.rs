//! A lot and the states it can be in.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::funding::{self, Share, ShareState};
use super::ids::{LineId, LotId};
use super::kinds::{ReasonCode, StepKind};
use super::quantity::Quantity;
use super::requisition::Line;

/// A moment of business time.
pub type Timestamp = DateTime<Utc>;

/// The name of a pipeline's step, such as `match_donor`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepName(pub Arc<str>);

impl StepName {
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The step of the program with this name. `None` means that it is not part of the program.
    #[must_use]
    pub fn kind(&self) -> Option<StepKind> {
        StepKind::named(&self.0)
    }
}

impl From<StepKind> for StepName {
    fn from(kind: StepKind) -> Self {
        Self::new(kind.name())
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a lot waits for, which also says who has to act next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Awaited {
    /// An expert group's review.
    Review {
        group: String,
        /// The line that asks for the same, if that is what the review is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        twin: Option<LineId>,
    },
    /// Money or goods. A new contribution, another rank or a later day may bring them.
    Funding,
    /// An offer from which it can be bought. The secretariat finds one, or fixes what keeps one away.
    Offer,
    /// The consent of these donors to their shares.
    Consent {
        /// The donors that have not answered yet.
        donors: Vec<String>,
    },
    /// The requester's answer to an offer in kind.
    Acceptance {
        /// The contribution that offers it.
        contribution: String,
    },
    /// The end of the ordering window.
    Gathering,
    /// Approval of an order above the limit.
    Approval { order: String },
    /// The supplier's response to an order.
    Response { order: String },
    /// The secretariat's decision on other terms that the supplier asks for.
    Terms { order: String },
    /// Despatch and receipt of an order.
    Delivery { order: String },
    /// Payment of the accepted goods.
    Payment { order: String },
    /// A changed line, because the review sent it back to its requester.
    Amendment { requester: String },
    /// An operator, who has to resume the held lot.
    Release,
}

/// Why validation declined a lot. The code is stable; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// A stable code such as `prohibited_item`.
    pub code: String,
    /// What is wrong, and what would fix it.
    pub text: String,
}

/// How a lot ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Received, accepted and paid.
    Delivered,
    /// Declined by validation or review.
    Declined(Decline),
    /// Merged into another lot of the same request.
    Merged {
        /// The lot that carries the quantity from now on.
        into: LotId,
    },
    /// Not wanted any more.
    Cancelled,
    /// Not delivered, but within the tolerance of its line. Its money went back.
    Short,
}

/// The states of a lot. Each has only the fields that are valid in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LotState {
    /// It can run now.
    Ready {
        step: StepName,
        /// The number of the attempt, from 1.
        attempt: u32,
    },
    /// Somebody outside the engine has to act.
    Waiting {
        step: StepName,
        awaits: Awaited,
        /// The time at which the step runs again. `None` means that there is no deadline.
        until: Option<Timestamp>,
    },
    /// An attempt failed and will be repeated.
    RetryAt {
        step: StepName,
        /// The number of the next attempt.
        attempt: u32,
        due: Timestamp,
    },
    /// It cannot continue until an operator replays its incident.
    Parked {
        step: StepName,
        /// The cause, which all lots of the incident share.
        incident: String,
    },
    /// It has ended.
    Closed(Outcome),
}

impl Awaited {
    /// The name by which waiting lots are counted and filtered.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Review { .. } => "review",
            Self::Funding => "funding",
            Self::Offer => "offer",
            Self::Consent { .. } => "consent",
            Self::Acceptance { .. } => "acceptance",
            Self::Gathering => "gathering",
            Self::Approval { .. } => "approval",
            Self::Response { .. } => "response",
            Self::Terms { .. } => "terms",
            Self::Delivery { .. } => "delivery",
            Self::Payment { .. } => "payment",
            Self::Amendment { .. } => "amendment",
            Self::Release => "release",
        }
    }
}

impl LotState {
    /// The step that the lot is at. `None` once it is closed.
    #[must_use]
    pub fn step(&self) -> Option<&StepName> {
        match self {
            Self::Ready { step, .. }
            | Self::Waiting { step, .. }
            | Self::RetryAt { step, .. }
            | Self::Parked { step, .. } => Some(step),
            Self::Closed(_) => None,
        }
    }

    /// Whether it is at a step of this kind.
    #[must_use]
    pub fn is_at(&self, kind: StepKind) -> bool {
        self.step().and_then(StepName::kind) == Some(kind)
    }

    /// What it waits for. `None` if it does not wait.
    #[must_use]
    pub fn awaits(&self) -> Option<&Awaited> {
        match self {
            Self::Waiting { awaits, .. } => Some(awaits),
            Self::Ready { .. } | Self::RetryAt { .. } | Self::Parked { .. } | Self::Closed(_) => {
                None
            }
        }
    }

    /// Whether a lot that changes to `other` stays where it is: at the same step, in the same kind of state,
    /// waiting for the same.
    #[must_use]
    pub fn stays_at(&self, other: &Self) -> bool {
        let place = |state: &Self| (state.name(), state.awaits().map(Awaited::name));
        self.step() == other.step() && place(self) == place(other)
    }

    /// The name that is printed, and that filters use.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "ready",
            Self::Waiting { .. } => "waiting",
            Self::RetryAt { .. } => "retry_at",
            Self::Parked { .. } => "parked",
            Self::Closed(Outcome::Delivered) => "delivered",
            Self::Closed(Outcome::Declined(_)) => "declined",
            Self::Closed(Outcome::Merged { .. }) => "merged",
            Self::Closed(Outcome::Cancelled) => "cancelled",
            Self::Closed(Outcome::Short) => "short",
        }
    }
}

/// The place in the beneficiary's single approved list. Lower classes come first, and lower ranks within a class.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub struct Priority {
    /// Urgency class, from 1 (most urgent).
    pub class: u8,
    /// Rank within the class, from 1.
    pub rank: u32,
}

/// A part of a line that travels on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// The id. It contains the id of the line.
    pub id: LotId,
    /// The part of the line's quantity that it carries.
    pub quantity: Quantity,
    pub priority: Priority,
    state: LotState,
    /// The money that is set aside for it, and the state of that money.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub funding: Vec<Share>,
    /// The order that it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The lot whose line of the order it belongs to, if it was split off from that lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_as: Option<LotId>,
    /// The offer that it is bought from, once one is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// Offers and contributions that were refused for it, with one entry for each refusal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// The contribution in kind that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_kind: Option<String>,
    /// The quantity that is on its way.
    #[serde(default, skip_serializing_if = "Quantity::is_zero")]
    pub shipped: Quantity,
    /// Goods that are bought with it although nobody requested them, because of the supplier's minimum, increment
    /// or pack. Its money pays for them too.
    #[serde(default, skip_serializing_if = "Quantity::is_zero")]
    pub surplus: Quantity,
    /// The quantity that was received beyond the ordered one.
    #[serde(default, skip_serializing_if = "Quantity::is_zero")]
    pub oversupply: Quantity,
    /// The day on which it was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<NaiveDate>,
    /// The day on which its delivery is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// Lines that look the same, but that a reviewer found to be different needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<LineId>,
    /// How often somebody was reminded of its overdue delivery or review.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub chased: u32,
    /// Why it is where it is, as a stable code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Why it is where it is, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Since when it has been at this step in this state, waiting for the same.
    #[serde(
        default,
        with = "chrono::serde::ts_seconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub since: Option<Timestamp>,
    /// The public code of its consignee, if it is not the consignee of its line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignee: Option<String>,
    /// The version of the pipeline with which it started.
    #[serde(default = "first_version", skip_serializing_if = "is_first")]
    pub pipeline: u32,
    /// The number of its events. Every change raises it.
    pub version: i64,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

fn first_version() -> u32 {
    1
}

fn is_first(version: &u32) -> bool {
    *version == 1
}

/// The highest part number of `lots`, which belong to one line; 0 if there are none.
#[must_use]
pub fn last_part(lots: &[Lot]) -> i64 {
    lots.iter().map(|lot| lot.id.part()).max().unwrap_or(0)
}

impl Lot {
    /// A new lot at the pipeline's first step, not yet stored.
    #[must_use]
    pub fn new(id: LotId, quantity: Quantity, priority: Priority, first: StepName) -> Self {
        Self {
            id,
            quantity,
            priority,
            state: LotState::Ready { step: first, attempt: 1 },
            funding: Vec::new(),
            order: None,
            ordered_as: None,
            offer: None,
            refused: Vec::new(),
            in_kind: None,
            shipped: Quantity::ZERO,
            surplus: Quantity::ZERO,
            oversupply: Quantity::ZERO,
            received: None,
            due: None,
            apart: Vec::new(),
            chased: 0,
            code: String::new(),
            reason: String::new(),
            since: None,
            consignee: None,
            pipeline: 1,
            version: 0,
        }
    }

    /// Its state. Only [`transition::advance`](super::transition::advance) changes it.
    #[must_use]
    pub fn state(&self) -> &LotState {
        &self.state
    }

    pub(crate) fn goes_to(&mut self, state: LotState) {
        self.state = state;
    }

    #[must_use]
    pub fn line(&self) -> LineId {
        self.id.line()
    }

    /// The public code of its consignee: its own, or else the one of its line.
    #[must_use]
    pub fn consignee<'a>(&'a self, line: &'a Line) -> &'a str {
        self.consignee.as_deref().unwrap_or(&line.consignee)
    }

    /// Whether nothing of it has arrived or is known to be on its way.
    #[must_use]
    pub fn is_outstanding(&self) -> bool {
        let waits = match &self.state {
            LotState::Waiting { awaits, .. } => !matches!(awaits, Awaited::Payment { .. }),
            LotState::Ready { .. } | LotState::RetryAt { .. } | LotState::Parked { .. } => true,
            LotState::Closed(_) => false,
        };
        waits && self.shipped.is_zero()
    }

    /// The lot whose line of the order it belongs to: itself, or the lot that it was split off from.
    #[must_use]
    pub fn order_line(&self) -> LotId {
        self.ordered_as.unwrap_or(self.id)
    }

    /// Records why the lot is where it is.
    pub fn because(&mut self, code: ReasonCode, reason: impl Into<String>) {
        code.name().clone_into(&mut self.code);
        self.reason = reason.into();
    }

    /// Why the lot is where it is. `None` if there is no reason, or only a newer version knows it.
    #[must_use]
    pub fn reason_code(&self) -> Option<ReasonCode> {
        ReasonCode::named(&self.code)
    }

    /// Removes the reason: the lot is where it should be.
    pub fn without_reason(&mut self) {
        (self.code, self.reason) = (String::new(), String::new());
    }

    /// The envelopes whose donors have not agreed yet.
    #[must_use]
    pub fn proposed(&self) -> Vec<String> {
        let is_open = |share: &&Share| share.state == ShareState::Proposed;
        self.funding.iter().filter(is_open).map(|share| share.envelope.clone()).collect()
    }

    /// Whether something was paid for it.
    #[must_use]
    pub fn is_paid_for(&self) -> bool {
        self.funding.iter().any(|share| share.state == ShareState::Disbursed)
    }

    /// Gives back what was set aside beyond the money that an order binds, after a raise was not agreed to.
    pub fn keep_bound(&mut self) {
        self.funding
            .retain(|share| matches!(share.state, ShareState::Obligated | ShareState::Disbursed));
    }

    /// Gives back all its money, and forgets how it would have been bought.
    pub fn release(&mut self) {
        self.funding.clear();
        self.order = None;
        self.ordered_as = None;
        self.offer = None;
        self.in_kind = None;
        self.due = None;
        self.shipped = Quantity::ZERO;
        self.surplus = Quantity::ZERO;
    }

    /// The quantity that is bought for it: its own and its surplus.
    #[must_use]
    pub fn bought(&self) -> Quantity {
        Quantity(self.quantity.0.saturating_add(self.surplus.0))
    }

    /// Splits off `quantity` as the lot `id`, with its exact part of the money. Both lots add up to what this one
    /// was. The new lot has no version yet. The surplus stays here.
    #[must_use]
    pub fn split_off(&mut self, id: LotId, quantity: Quantity) -> Self {
        self.split_off_with(id, quantity, Quantity::ZERO)
    }

    /// The same, but this part of the surplus moves too.
    #[must_use]
    pub fn split_off_with(&mut self, id: LotId, quantity: Quantity, surplus: Quantity) -> Self {
        let rest = Quantity(self.quantity.0 - quantity.0);
        let kept_surplus = self.surplus.less(surplus);
        let weight = |one: Quantity, other: Quantity| (one.0 + other.0).unsigned_abs();
        let weights = [weight(quantity, surplus), weight(rest, kept_surplus)];
        self.outdate();
        let mut part = self.clone();
        (part.id, part.version, part.quantity) = (id, 0, quantity);
        (part.surplus, self.surplus) = (surplus, kept_surplus);
        part.ordered_as = self.order.as_ref().map(|_| self.order_line());
        part.oversupply = Quantity::ZERO;
        part.shipped = Quantity::ZERO;
        part.received = None;
        part.chased = 0;
        part.funding = funding::split(&mut self.funding, &weights);
        self.quantity = rest;
        part
    }

    /// Removes a reason that says how much money another quantity lacked: the next round says it anew.
    fn outdate(&mut self) {
        if matches!(self.state().awaits(), Some(Awaited::Funding)) {
            self.without_reason();
        }
    }

    /// Takes over `part` of the same line with its money. This is the reverse of [`Lot::split_off`].
    pub fn grow(&mut self, part: &Self) {
        self.outdate();
        self.quantity.0 += part.quantity.0;
        self.surplus.0 += part.surplus.0;
        for moved in &part.funding {
            funding::add(&mut self.funding, moved.clone());
        }
    }
}
