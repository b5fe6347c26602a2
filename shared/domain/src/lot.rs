//! A lot and the states it can be in.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::funding::{self, Share, ShareState};
use super::ids::{LineId, LotId};
use super::kinds::StepKind;
use super::quantity::Quantity;
use super::requisition::Line;

/// A moment of business time.
pub type Timestamp = DateTime<Utc>;

/// The name of a pipeline's step, such as `match_donor`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepName(pub Arc<str>);

impl StepName {
    /// The step named `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Which of the program's own steps it is; `None`: it is another's.
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

/// Whose move it is while a lot waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Awaited {
    /// An expert group's review.
    Review {
        /// The group.
        group: String,
        /// The line that it asks for the same as, where that is the question.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        twin: Option<LineId>,
    },
    /// Money or goods: a contribution, a rank, a date.
    Funding,
    /// An offer by which it can be bought: the secretariat finds one, or mends what keeps one away.
    Offer,
    /// Consent of these donors to their share.
    Consent {
        /// The donors that have not answered.
        donors: Vec<String>,
    },
    /// The requester's answer to an offer in kind.
    Acceptance {
        /// The contribution that offers it.
        contribution: String,
    },
    /// The end of the window in which orders are gathered.
    Gathering,
    /// Approval of an order above the limit.
    Approval {
        /// The order.
        order: String,
    },
    /// The supplier's response to an order.
    Response {
        /// The order.
        order: String,
    },
    /// The secretariat's decision on other terms that the supplier of an order asks for.
    Terms {
        /// The order.
        order: String,
    },
    /// Despatch and receipt of an order.
    Delivery {
        /// The order.
        order: String,
    },
    /// Payment of what was accepted.
    Payment {
        /// The order.
        order: String,
    },
    /// A changed line: its review was sent back to its requester.
    Amendment {
        /// The requester.
        requester: String,
    },
    /// An operator who held the lot, to resume it.
    Release,
}

/// Why validation declined a lot; the code is stable, the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// A stable code such as `prohibited_item`.
    pub code: String,
    /// What is wrong and what would mend it.
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
        /// The lot that carries the quantity on.
        into: LotId,
    },
    /// Given up by its requester.
    Cancelled,
    /// Not delivered, within the tolerance of its line; its money went back.
    Short,
}

/// The states of a lot, each with only what is valid in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LotState {
    /// To be run now; `attempt` counts from 1.
    Ready {
        /// The step to run.
        step: StepName,
        /// Which attempt this is.
        attempt: u32,
    },
    /// Somebody outside the engine has to move.
    Waiting {
        /// The step that waits.
        step: StepName,
        /// Whose move it is.
        awaits: Awaited,
        /// Until when; the step runs again then.
        until: Option<Timestamp>,
    },
    /// An attempt failed and will be repeated.
    RetryAt {
        /// The step to repeat.
        step: StepName,
        /// The attempt to come.
        attempt: u32,
        /// When it is due.
        due: Timestamp,
    },
    /// Out of attempts, until an operator replays its incident.
    Parked {
        /// The step that failed.
        step: StepName,
        /// The cause shared by all lots of the incident.
        incident: String,
    },
    /// At its end.
    Closed(Outcome),
}

impl Awaited {
    /// The name by which waits are counted and filtered.
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
    /// The step the lot is at; none once it is closed.
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

    /// What it waits for; nothing, unless it waits.
    #[must_use]
    pub fn awaits(&self) -> Option<&Awaited> {
        match self {
            Self::Waiting { awaits, .. } => Some(awaits),
            Self::Ready { .. } | Self::RetryAt { .. } | Self::Parked { .. } | Self::Closed(_) => {
                None
            }
        }
    }

    /// Whether a lot that goes from here to `other` stays where it is: at the same step, for the same
    /// move of somebody.
    #[must_use]
    pub fn stays_at(&self, other: &Self) -> bool {
        let place = |state: &Self| (state.name(), state.awaits().map(Awaited::name));
        self.step() == other.step() && place(self) == place(other)
    }

    /// The state's name, as printed and filtered by.
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

/// Rank in the beneficiary's one approved list: class first, then rank, lower before higher.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub struct Priority {
    /// Urgency class, from 1 (most urgent).
    pub class: u8,
    /// Rank within the class, from 1.
    pub rank: u32,
}

/// The part of a line that travels together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// Its id, which holds its line's.
    pub id: LotId,
    /// How much of the line it carries.
    pub quantity: Quantity,
    /// Its line's priority.
    pub priority: Priority,
    state: LotState,
    /// The money set aside for it, and what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub funding: Vec<Share>,
    /// The order it travels under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The lot under whose line of that order it travels, where it was split off that lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_as: Option<LotId>,
    /// The offer it is bought through, once chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// Offers and contributions that were refused for it, each time once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// The contribution in kind that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_kind: Option<String>,
    /// How much of it is on its way.
    #[serde(default, skip_serializing_if = "Quantity::is_zero")]
    pub shipped: Quantity,
    /// What is bought with it and nobody asked for: the supplier's minimum, increment or pack makes it
    /// so. Its money pays for that, too.
    #[serde(default, skip_serializing_if = "Quantity::is_zero")]
    pub surplus: Quantity,
    /// Received beyond what was ordered.
    #[serde(default, skip_serializing_if = "Quantity::is_zero")]
    pub oversupply: Quantity,
    /// The day on which what it carries was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<NaiveDate>,
    /// The day its delivery is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// Lines that ask for the same and that a reviewer has told apart from it: both are needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<LineId>,
    /// How often its overdue delivery or review was chased.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub chased: u32,
    /// Why it is where it is: a stable code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Why it is where it is, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Since when it is at this step in this state, for the same move of somebody.
    #[serde(
        default,
        with = "chrono::serde::ts_seconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub since: Option<Timestamp>,
    /// The public code of its consignee, where that is not its line's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignee: Option<String>,
    /// The version of the pipeline it started with.
    #[serde(default = "first_version", skip_serializing_if = "is_first")]
    pub pipeline: u32,
    /// How many events it has; every change raises it.
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

/// The code of a lot whose last attempt failed. Its reason is for those who run the service.
pub const ATTEMPT_FAILED: &str = "attempt_failed";

/// The last part among `lots`, which are of one line; 0 where there is none.
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

    /// Where it is. Only [`transition::advance`](super::transition::advance) changes it.
    #[must_use]
    pub fn state(&self) -> &LotState {
        &self.state
    }

    pub(crate) fn goes_to(&mut self, state: LotState) {
        self.state = state;
    }

    /// The line this lot is part of.
    #[must_use]
    pub fn line(&self) -> LineId {
        self.id.line()
    }

    /// The public code of where it goes.
    #[must_use]
    pub fn consignee<'a>(&'a self, line: &'a Line) -> &'a str {
        self.consignee.as_deref().unwrap_or(&line.consignee)
    }

    /// Whether nothing of it has come, or is known to be on its way.
    #[must_use]
    pub fn is_outstanding(&self) -> bool {
        let waits = match &self.state {
            LotState::Waiting { awaits, .. } => !matches!(awaits, Awaited::Payment { .. }),
            LotState::Ready { .. } | LotState::RetryAt { .. } | LotState::Parked { .. } => true,
            LotState::Closed(_) => false,
        };
        waits && self.shipped.is_zero()
    }

    /// The lot under whose line of its order it travels: itself, or the lot that it was split off.
    #[must_use]
    pub fn order_line(&self) -> LotId {
        self.ordered_as.unwrap_or(self.id)
    }

    /// Says why the lot is where it is.
    pub fn because(&mut self, code: &str, reason: impl Into<String>) {
        code.clone_into(&mut self.code);
        self.reason = reason.into();
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

    /// Gives back what was set aside besides what an order binds: a raise that is not agreed to.
    pub fn keep_bound(&mut self) {
        self.funding
            .retain(|share| matches!(share.state, ShareState::Obligated | ShareState::Disbursed));
    }

    /// Gives all its money back and forgets by what it would have been bought.
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

    /// What is bought for it: what it carries, and its surplus.
    #[must_use]
    pub fn bought(&self) -> Quantity {
        Quantity(self.quantity.0.saturating_add(self.surplus.0))
    }

    /// Splits `quantity` off as the lot `id`, with its exact part of the money; both add up to what
    /// this was. The new lot has no version yet. The surplus stays.
    #[must_use]
    pub fn split_off(&mut self, id: LotId, quantity: Quantity) -> Self {
        self.split_off_with(id, quantity, Quantity::ZERO)
    }

    /// The same with so much of the surplus.
    #[must_use]
    pub fn split_off_with(&mut self, id: LotId, quantity: Quantity, surplus: Quantity) -> Self {
        let rest = Quantity(self.quantity.0 - quantity.0);
        let kept_surplus = self.surplus.less(surplus);
        let weight = |one: Quantity, other: Quantity| (one.0 + other.0).unsigned_abs();
        let weights = [weight(quantity, surplus), weight(rest, kept_surplus)];
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

    /// Takes `part` of its line over, with its money: the reverse of [`Lot::split_off`].
    pub fn grow(&mut self, part: &Self) {
        self.quantity.0 += part.quantity.0;
        self.surplus.0 += part.surplus.0;
        for moved in &part.funding {
            funding::add(&mut self.funding, moved.clone());
        }
    }
}
