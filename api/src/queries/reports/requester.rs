//! A requester's report: its lots by rank, where each is, why, and when it can be expected.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, Milestone};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome};
use waybill_shared::engine::Engine;
use waybill_shared::store::{LotCount, LotFilter, StoreError};
use waybill_shared::visibility::Visibility;

use super::funnel::Funnel;
use super::words::{READ, name, place};
use crate::queries::error::QueryError;
use crate::queries::few::{Few, MOST};
use crate::queries::lots::subject::Subject;
use crate::queries::lots::why::{Short, short_of};
use crate::queries::money::plan::{PlanRequest, plan};
use crate::queries::orders::arrivals::Orders;
use crate::queries::past::AsOf;

/// The state of a requester's lots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequesterReport {
    /// The coalition's name.
    pub coalition: String,
    /// The day whose end the report shows. For today, the state is that of now.
    pub day: NaiveDate,
    /// The requester's id.
    pub requester: String,
    /// The requester's name.
    pub name: String,
    /// How far the requester's lots have come.
    pub funnel: Funnel,
    /// The lots, by rank.
    pub lots: Few<Request>,
    /// The number of open lots that can only arrive after the day of need, or for which no day is known.
    pub late: usize,
}

/// A requested lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RequestedLot)]
pub struct Request {
    /// The lot.
    #[serde(flatten)]
    pub subject: Subject,
    /// The name of the lot's state.
    pub state: String,
    /// The lot's state and who must act next, in words.
    pub place: String,
    /// Why the lot is in that state, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The day since which the lot is in that state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
    /// The day by which the lot is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<NaiveDate>,
    /// When the lot is expected, or was received. Left out if the lot has ended without delivery, or if no day is
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
}

/// When something is expected, and on what basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Expected {
    /// The day.
    pub day: NaiveDate,
    /// The basis for this day.
    pub by: Basis,
}

/// The basis on which a day is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExpectedBy)]
pub enum Basis {
    /// The lot was received on that day.
    Received,
    /// The supplier has agreed to that day.
    Order,
    /// The supplier was asked for that day, and has not answered.
    Asked,
    /// The supplier would be asked for that day once the order is approved.
    Approval,
    /// The offer's lead time, if the lot were ordered today.
    Offer,
    /// The roadmap: the offer's lead time from the day on which the lot gets its money.
    Plan,
}

/// The report for `requester`.
pub(crate) async fn requester(
    then: &AsOf,
    visibility: &Visibility,
    requester: &str,
) -> Result<RequesterReport, QueryError> {
    let engine = &then.engine;
    let coalition = &visibility.coalition;
    let zone = coalition.settings.as_ref().map_or(chrono_tz::UTC, |settings| settings.zone);
    let mut counts: BTreeMap<(String, Option<String>, Option<String>), i64> = BTreeMap::new();
    let (mut own, mut all): (Vec<(Lot, Request)>, usize) = (Vec::new(), 0);
    let mut after = None;
    loop {
        let filter = LotFilter { after, limit: READ, ..LotFilter::default() };
        let lots = engine.store.lots(&filter).await?;
        after = lots.last().map(|lot| lot.id);
        let is_last = (lots.len() as i64) < READ;
        let lines = engine.lines_of(&lots).await?;
        for lot in lots {
            let Some(line) = lines.get(&lot.line()) else { continue };
            if line.requester != requester || !visibility.line(line) {
                continue;
            }
            let step = lot.state().step().map(ToString::to_string);
            let awaits = lot.state().awaits().map(|awaits| awaits.name().to_owned());
            *counts.entry((lot.state().name().to_owned(), step, awaits)).or_default() += 1;
            all += 1;
            let request = Request {
                subject: Subject::of(&lot, line),
                state: lot.state().name().to_owned(),
                place: place(&lot),
                reason: lot.reason.clone(),
                since: lot.since.map(|at| at.with_timezone(&zone).date_naive()),
                needed_by: line.needed_by,
                expected: None,
            };
            own.push((lot, request));
        }
        if is_last || own.len() >= 2 * MOST {
            own.sort_by_key(|(lot, _)| (lot.priority, lot.id));
            own.truncate(MOST);
        }
        if is_last {
            break;
        }
    }
    if all == 0 && !coalition.parties.contains_key(requester) {
        return Err(QueryError::unknown("requester", requester));
    }
    let planned = planned(engine, &own).await?;
    let waits = |lot: &Lot| matches!(lot.state().awaits(), Some(Awaited::Funding));
    let waiting: BTreeSet<LotId> =
        own.iter().filter(|(lot, _)| waits(lot)).map(|(lot, _)| lot.id).collect();
    let short = match waiting.is_empty() {
        true => HashMap::new(),
        false => short_of(engine, &waiting).await?,
    };
    let mut orders = Orders::default();
    let (mut lots, mut late) = (Vec::with_capacity(own.len()), 0);
    for (lot, mut request) in own {
        // The stored reason may state an outdated amount, so the missing amount is computed anew.
        request.reason = match short.get(&lot.id) {
            Some(Short { missing: Some(missing), .. }) if visibility.is_whole() => {
                format!("{missing} missing")
            }
            Some(Short { missing: None, reason, .. }) if visibility.is_whole() => reason.clone(),
            _ => visibility.told(&visibility.reason(&lot)),
        };
        request.expected = expected(engine, visibility, &lot, &mut orders, &planned).await?;
        let is_open = !matches!(lot.state(), LotState::Closed(_));
        let day = request.expected.map(|expected| expected.day);
        let is_late = request.needed_by.is_some_and(|needed| day.is_none_or(|day| day > needed));
        late += usize::from(is_open && is_late);
        lots.push(request);
    }
    let count =
        |((state, step, awaits), lots)| LotCount { state, step, awaits, lots, oldest: None };
    let counts: Vec<LotCount> = counts.into_iter().map(count).collect();
    Ok(RequesterReport {
        coalition: name(coalition),
        day: then.day,
        requester: requester.to_owned(),
        name: coalition.name_of(requester).to_owned(),
        funnel: Funnel::of(&counts, engine.pipeline()),
        lots: Few { first: lots, all },
        late,
    })
}

/// The days that the roadmap expects, for lots that wait for their money. Empty if there are none.
async fn planned(
    engine: &Engine,
    own: &[(Lot, Request)],
) -> Result<HashMap<LotId, NaiveDate>, QueryError> {
    let mut waits_for_money = false;
    for (lot, _) in own {
        let reached = engine.reached(lot).map_err(StoreError::from)?;
        waits_for_money |= reached.is_some_and(|reached| reached < Milestone::Funded);
    }
    if !waits_for_money {
        return Ok(HashMap::new());
    }
    let request = PlanRequest { from: None, quarters: None, what_if: Vec::new() };
    let funded = plan(engine, request).await?.plan.quarters.into_iter().flat_map(|q| q.funded);
    Ok(funded.filter_map(|lot| Some((lot.lot, lot.expected?))).collect())
}

/// The day on which a lot was received, from the log. For lots that do not store it themselves.
async fn received(
    engine: &Engine,
    visibility: &Visibility,
    lot: &Lot,
) -> Result<Option<NaiveDate>, StoreError> {
    let zone = visibility.coalition.zone();
    let events = engine.store.events_of(&lot.id.to_string()).await?;
    let has_come = |event: &&waybill_shared::domain::event::Event| {
        LotEvent::named(&event.kind)
            .is_some_and(|event| event.is_receipt() || event == LotEvent::Counted)
    };
    let last = events.iter().rev().find(has_come);
    Ok(last.map(|event| event.at.with_timezone(&zone).date_naive()))
}

/// When a lot is expected, or was received.
async fn expected(
    engine: &Engine,
    visibility: &Visibility,
    lot: &Lot,
    orders: &mut Orders,
    planned: &HashMap<LotId, NaiveDate>,
) -> Result<Option<Expected>, StoreError> {
    let by = |by, day| Expected { day, by };
    let is_received = matches!(lot.state().awaits(), Some(Awaited::Payment { .. }))
        || matches!(lot.state(), LotState::Closed(Outcome::Delivered));
    if is_received {
        let day = match lot.received {
            Some(day) => Some(day),
            None => received(engine, visibility, lot).await?,
        };
        return Ok(day.map(|day| by(Basis::Received, day)));
    }
    let LotState::Closed(_) = lot.state() else {
        if let Some(number) = &lot.order {
            let agreed =
                orders.get(engine, number).await?.and_then(|order| order.line(lot.order_line()));
            let day = lot.due.or(agreed.map(|line| line.due));
            let basis = match lot.state().awaits() {
                Some(Awaited::Approval { .. }) => Basis::Approval,
                Some(Awaited::Response { .. } | Awaited::Terms { .. }) => Basis::Asked,
                Some(_) | None => Basis::Order,
            };
            return Ok(day.map(|day| by(basis, day)));
        }
        if let Some(offer) = lot.offer.as_ref().and_then(|id| visibility.coalition.offers.get(id)) {
            let day = engine.today(&visibility.coalition) + offer.lead();
            return Ok(Some(by(Basis::Offer, day)));
        }
        return Ok(planned.get(&lot.id).map(|day| by(Basis::Plan, *day)));
    };
    Ok(None)
}
