//! Lots and lines.

use crate::domain::coalition::Coalition;
use crate::domain::funding::{Share, ShareState};
use crate::domain::ids::{LineId, LotId};
use crate::domain::lot::{Awaited, Lot, LotState, Outcome, Priority, Timestamp};
use crate::domain::money::Money;
use crate::domain::price::Price;
use crate::domain::requisition::{Kind, Line};
use crate::visibility::Visibility;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A donor's part of a lot's cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShareView {
    /// The envelope; left out: it is another's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub envelope: String,
    /// Its donors.
    pub donors: Vec<String>,
    /// What it costs the envelope.
    pub amount: Money,
    /// What it pays of the lot's cost.
    pub covers: Money,
    /// Units of the envelope's currency for one EUR, frozen when it was set aside.
    pub rate: String,
    /// How far it has come.
    pub state: ShareState,
}

/// The part of a line that travels together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LotView {
    /// Its id.
    pub id: LotId,
    /// Its line.
    #[schema(example = "LINE-7K2")]
    pub line: String,
    /// Its line, by its requester's id.
    pub external_id: String,
    /// Who asks for it.
    pub requester: String,
    /// What it is.
    pub item: String,
    /// How much of it.
    #[schema(example = "12.5")]
    pub quantity: String,
    /// How much is bought above that, because its supplier sells no less; despatches and receipts count it,
    /// too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus: Option<String>,
    /// The unit's code (UN/ECE Recommendation 20).
    pub unit: String,
    /// Class and rank.
    pub priority: Priority,
    /// The public code of the consignee.
    pub consignee: String,
    /// Where it is: `ready`, `waiting`, `retry_at`, `parked`, or how it ended: `delivered`, `declined`,
    /// `merged`, `cancelled`, `short`.
    pub state: String,
    /// The step it is at; none once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What it waits for: `review`, `funding`, `consent`, `acceptance`, `gathering`, `approval`,
    /// `response`, `delivery`, `payment`, `amendment`, `release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaits: Option<String>,
    /// Of whom or under what: a group, donors, a contribution, an order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaits_of: Vec<String>,
    /// Until when it waits, or when it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub until: Option<Timestamp>,
    /// Since when it is at this step, for the same move of somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub since: Option<Timestamp>,
    /// The cause with which it is parked: its incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// Why it is where it is: a stable code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Why it is where it is, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub funding: Vec<ShareView>,
    /// The contribution in kind that serves it; of another, its donors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_kind: Option<String>,
    /// The order it travels under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The day its delivery is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// The day it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<NaiveDate>,
    /// How many events it has; also its `ETag`.
    pub version: i64,
}

fn awaited(awaits: &Awaited) -> Vec<String> {
    match awaits {
        Awaited::Review { group, .. } => vec![group.clone()],
        Awaited::Consent { donors } => donors.clone(),
        Awaited::Acceptance { contribution } => vec![contribution.clone()],
        Awaited::Approval { order }
        | Awaited::Response { order }
        | Awaited::Terms { order }
        | Awaited::Delivery { order }
        | Awaited::Payment { order } => vec![order.clone()],
        Awaited::Amendment { requester } => vec![requester.clone()],
        Awaited::Funding | Awaited::Offer | Awaited::Gathering | Awaited::Release => Vec::new(),
    }
}

impl LotView {
    fn of(lot: &Lot, line: &Line, coalition: &Coalition) -> Self {
        let (mut awaits, mut awaits_of, mut until) = (None, Vec::new(), None);
        let mut incident = None;
        match lot.state() {
            LotState::Waiting { awaits: what, until: end, .. } => {
                (awaits, awaits_of) = (Some(what.name().to_owned()), awaited(what));
                until = *end;
            }
            LotState::RetryAt { due, .. } => until = Some(*due),
            LotState::Closed(Outcome::Merged { into }) => awaits_of = vec![into.to_string()],
            LotState::Parked { incident: cause, .. } => incident = Some(cause.clone()),
            LotState::Ready { .. } | LotState::Closed(_) => {}
        }
        let share = |share: &Share| ShareView {
            envelope: share.envelope.clone(),
            donors: coalition
                .contributions
                .get(&share.envelope)
                .map(|contribution| contribution.donors.clone())
                .unwrap_or_default(),
            amount: share.amount,
            covers: share.covers,
            rate: share.rate.into(),
            state: share.state,
        };
        Self {
            id: lot.id,
            line: lot.line().to_string(),
            external_id: line.external_id.clone(),
            requester: line.requester.clone(),
            item: line.item.clone(),
            quantity: lot.quantity.to_string(),
            surplus: (!lot.surplus.is_zero()).then(|| lot.surplus.to_string()),
            unit: line.unit.to_string(),
            priority: lot.priority,
            consignee: lot.consignee(line).to_owned(),
            state: lot.state().name().to_owned(),
            step: lot.state().step().map(ToString::to_string),
            awaits,
            awaits_of,
            until,
            since: lot.since,
            incident,
            code: lot.code.clone(),
            reason: lot.reason.clone(),
            funding: lot.funding.iter().map(share).collect(),
            in_kind: lot.in_kind.clone(),
            order: lot.order.clone(),
            due: lot.due,
            needed_by: line.needed_by,
            version: lot.version,
        }
    }
}

impl LotView {
    /// The view of `lot` as `sight` may see it: to those who sell or carry it is not told who pays, and
    /// what donors have left to nobody who may not look at their money.
    #[must_use]
    pub fn seen(lot: &Lot, line: &Line, visibility: &Visibility) -> Self {
        let mut view = Self::of(lot, line, &visibility.coalition);
        if visibility.is_whole() {
            return view;
        }
        view.reason = visibility.told(&visibility.reason(lot));
        view.incident = view.incident.map(|incident| visibility.told(&incident));
        view.in_kind = view.in_kind.map(|id| visibility.contribution_name(&id));
        for share in &mut view.funding {
            share.envelope = visibility.envelope(&share.envelope);
        }
        match lot.state().awaits() {
            Some(Awaited::Consent { .. } | Awaited::Acceptance { .. })
                if visibility.hides_money() =>
            {
                view.awaits_of.clear();
            }
            Some(Awaited::Acceptance { contribution }) => {
                view.awaits_of = vec![visibility.contribution_name(contribution)];
            }
            _ => {}
        }
        if visibility.hides_money() {
            view.funding.clear();
        }
        view
    }
}

impl LineView {
    /// The same as `sight` may see it: to those who sell it is not told what it may cost.
    #[must_use]
    pub fn seen(mut self, visibility: &Visibility) -> Self {
        if visibility.hides_money() {
            self.unit_estimate = None;
            self.source.clear();
        }
        self
    }
}

/// A page of lots.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LotPage {
    /// The lots, in order of their ids.
    pub items: Vec<LotView>,
    /// The cursor of the next page; none: this is the last. A page may hold fewer lots than asked for
    /// and still have one after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How many lots of a line are where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineState {
    /// What they wait for, or else their state.
    #[schema(example = "delivery")]
    pub state: String,
    /// How many.
    pub lots: u32,
}

/// A line as its requester last stated it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineView {
    /// Its id.
    #[schema(example = "LINE-7K2")]
    pub id: String,
    /// Its requester's id for it.
    pub external_id: String,
    /// Who asks.
    pub requester: String,
    /// Goods, licence or service.
    pub kind: Kind,
    /// What is asked for.
    pub item: String,
    /// In words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The scheme of the classification code.
    pub scheme: String,
    /// The classification code.
    pub classification: String,
    /// How much.
    pub quantity: String,
    /// The unit's code.
    pub unit: String,
    /// The requester's estimate for one unit; not told to those who sell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_estimate: Option<Price>,
    /// Class and rank.
    pub priority: Priority,
    /// The day it was asked for.
    pub requested: NaiveDate,
    /// The day it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<NaiveDate>,
    /// The public code of the consignee.
    pub consignee: String,
    /// The smallest quantity worth delivering alone; none: the line is delivered whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_lot: Option<String>,
    /// A word that lines to be funded together share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<String>,
    /// Units short that still close the line, in per mille of its quantity; zero if left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tolerance_per_mille: u32,
    /// Where the line comes from; not told to those who sell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Where its lots are, in the order of the lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<LineState>,
    /// The day on which the last of what is under way is due; what is not ordered yet has no such day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<NaiveDate>,
    /// How many events it has; also its `ETag`.
    pub version: i64,
    /// Its lots; left out in listings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<LotView>,
}

impl LineView {
    /// The view of `line`.
    #[must_use]
    pub fn of(id: LineId, version: i64, line: &Line, lots: Vec<LotView>) -> Self {
        Self {
            id: id.to_string(),
            external_id: line.external_id.clone(),
            requester: line.requester.clone(),
            kind: line.kind,
            item: line.item.clone(),
            description: line.description.clone(),
            scheme: line.scheme.clone(),
            classification: line.classification.clone(),
            quantity: line.quantity.to_string(),
            unit: line.unit.to_string(),
            unit_estimate: Some(line.unit_estimate),
            priority: line.priority,
            requested: line.requested,
            needed_by: line.needed_by,
            consignee: line.consignee.clone(),
            smallest_lot: line.smallest_lot.map(|quantity| quantity.to_string()),
            together: line.together.clone(),
            tolerance_per_mille: line.tolerance_per_mille,
            source: line.source.clone(),
            states: Vec::new(),
            expected: None,
            version,
            lots,
        }
    }

    /// The same with what became of `lots`, which are its own.
    #[must_use]
    pub fn with(mut self, lots: &[Lot]) -> Self {
        for lot in lots {
            let state = lot.state().awaits().map_or(lot.state().name(), Awaited::name);
            match self.states.iter_mut().find(|known| known.state == state) {
                Some(known) => known.lots += 1,
                None => self.states.push(LineState { state: state.to_owned(), lots: 1 }),
            }
        }
        let is_open = |lot: &&Lot| !matches!(lot.state(), LotState::Closed(_));
        self.expected = lots.iter().filter(is_open).filter_map(|lot| lot.due).max();
        self
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A page of lines.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LinePage {
    /// The lines, in order of their ids.
    pub items: Vec<LineView>,
    /// The cursor of the next page; none: this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
