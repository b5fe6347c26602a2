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

/// The part of a lot's cost that one envelope pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShareView {
    /// The envelope; absent if it is not the caller's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub envelope: String,
    /// The donors of the envelope.
    pub donors: Vec<String>,
    /// The amount that it takes from the envelope.
    pub amount: Money,
    /// The part of the lot's cost that it pays.
    pub covers: Money,
    /// Units of the envelope's currency for one EUR, fixed when the money was set aside.
    pub rate: String,
    /// How far the money has come.
    pub state: ShareState,
}

/// A part of a line that travels on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LotView {
    /// The id of the lot.
    pub id: LotId,
    /// The id of its line.
    #[schema(example = "LINE-7K2")]
    pub line: String,
    /// The requester's id for the line.
    pub external_id: String,
    /// The requester.
    pub requester: String,
    /// The item.
    pub item: String,
    /// The quantity.
    #[schema(example = "12.5")]
    pub quantity: String,
    /// The quantity that is bought beyond that, because the supplier does not sell less. Despatches and receipts
    /// include it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus: Option<String>,
    /// The unit's code (UN/ECE Recommendation 20).
    pub unit: String,
    /// Class and rank.
    pub priority: Priority,
    /// The public code of the consignee.
    pub consignee: String,
    /// The state: `ready`, `waiting`, `retry_at`, `parked`, or how the lot ended: `delivered`, `declined`, `merged`,
    /// `cancelled`, `short`.
    pub state: String,
    /// The step of the lot; absent once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What the lot waits for: `review`, `funding`, `consent`, `acceptance`, `gathering`, `approval`, `response`,
    /// `delivery`, `payment`, `amendment`, `release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaits: Option<String>,
    /// Who or what the lot waits for: a group, donors, a contribution, an order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaits_of: Vec<String>,
    /// Until when the lot waits, or when it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub until: Option<Timestamp>,
    /// Since when the lot has been at this step, waiting for the same move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub since: Option<Timestamp>,
    /// The incident with which the lot is parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// A stable code for why the lot is in this state.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Why the lot is in this state, as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The shares of the envelopes that pay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub funding: Vec<ShareView>,
    /// The contribution in kind that serves the lot. If it is not the caller's, its donors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_kind: Option<String>,
    /// The order under which the lot travels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The day on which delivery is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// The day on which the lot is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<NaiveDate>,
    /// The number of events of the lot; also its `ETag`.
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
    /// The view of `lot` for `visibility`. It hides who pays from those who sell, carry or receive the lot, and what
    /// donors have left from everybody who does not see everything.
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
    /// The view for `visibility`. It hides from those who sell, carry or receive the goods what they may cost.
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
    /// The lots, by id.
    pub items: Vec<LotView>,
    /// The cursor of the next page; absent on the last page. A page may have fewer lots than requested although another
    /// page follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The number of a line's lots in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineState {
    /// What the lots wait for, or their state if they do not wait.
    #[schema(example = "delivery")]
    pub state: String,
    /// The number of lots.
    pub lots: u32,
}

/// A line, including the changes that commands have made to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineView {
    /// The id of the line.
    #[schema(example = "LINE-7K2")]
    pub id: String,
    /// The requester's id for the line.
    pub external_id: String,
    /// The requester.
    pub requester: String,
    /// Goods, licence or service.
    pub kind: Kind,
    /// The item.
    pub item: String,
    /// The description, as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The scheme of the classification code.
    pub scheme: String,
    /// The classification code.
    pub classification: String,
    /// The quantity.
    pub quantity: String,
    /// The unit's code.
    pub unit: String,
    /// The requester's estimate for one unit. It is hidden from those who sell, carry or receive the goods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_estimate: Option<Price>,
    /// Class and rank.
    pub priority: Priority,
    /// The day of the request.
    pub requested: NaiveDate,
    /// The day on which the line is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<NaiveDate>,
    /// The public code of the consignee.
    pub consignee: String,
    /// The smallest quantity worth delivering on its own; if absent, the line is delivered whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_lot: Option<String>,
    /// A word shared by lines that are to be funded together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<String>,
    /// The shortage that still closes the line, in per mille of its quantity; zero if absent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tolerance_per_mille: u32,
    /// Where the line comes from. It is hidden from those who sell, carry or receive the goods.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The states of its lots, in the order of the lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<LineState>,
    /// The latest day on which an order's delivery is due. Lots that are not ordered yet have no such day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<NaiveDate>,
    /// The number of events of the line; also its `ETag`.
    pub version: i64,
    /// The lots of the line; absent in listings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<LotView>,
}

impl LineView {
    /// The view of `line`, with all lots.
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

    /// Adds states and expected day from `lots`, which must be the line's own.
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
    /// The lines, by id.
    pub items: Vec<LineView>,
    /// The cursor of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
