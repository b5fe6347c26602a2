//! A lot, and the line that it is a part of.

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::Order;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;

use super::{Facts, Shown};
use crate::queries::error::QueryError;
use crate::queries::lots::timeline::{state, timeline};
use crate::queries::near::unknown;

pub(super) async fn lot(engine: &Engine, id: LotId) -> Result<Shown, QueryError> {
    let Some(lot) = engine.store.lots_by_id(&[id.0]).await?.pop() else {
        return Err(unknown(engine, "lot", &id.to_string()).await);
    };
    let coalition = engine.coalition().await?;
    let line = engine.store.lines(&[lot.line()]).await?.pop().map(|(_, stored)| stored.line);
    let order = match &lot.order {
        Some(number) => engine.store.record(RecordKind::Order, number).await?,
        None => None,
    };
    let order: Option<Order> = order.and_then(|record| serde_json::from_str(&record.body).ok());
    let mut facts = Facts::default();
    facts.add("state", state(&lot));
    facts.add("whose move", mover(&lot, line.as_ref(), order.as_ref(), &coalition));
    facts.at("since", lot.since);
    facts.at("until", until(&lot));
    facts.add("why", lot.reason.clone());
    if let Some(line) = &line {
        facts.add("line", format!("{} ({})", line.external_id, lot.line()));
        facts.add("item", line.item.clone());
        facts.add("quantity", format!("{} {}", lot.quantity, line.unit.name()));
        facts.add("requester", named(&line.requester, &coalition));
        facts.add("consignee", lot.consignee(line));
        facts.may("needed by", line.needed_by);
    }
    facts.add("priority", format!("class {}, rank {}", lot.priority.class, lot.priority.rank));
    facts.add("cost", cost(&lot));
    for share in &lot.funding {
        let state = format!("{:?}", share.state).to_lowercase();
        let given = coalition.contributions.get(&share.envelope);
        let donors = given.map(|given| format!(" of {}", given.donors.join(", ")));
        let donors = donors.unwrap_or_default();
        facts.add("funding", format!("{}{donors} pays {} ({state})", share.envelope, share.amount));
    }
    facts.may("in kind", lot.in_kind.as_ref());
    facts.may("order", lot.order.as_ref());
    if let Some(order) = &order {
        facts.add("supplier", named(&order.supplier, &coalition));
        facts.add("channel", named(&order.channel, &coalition));
    }
    facts.may("due", lot.due);
    let is_open = !matches!(lot.state(), LotState::Closed(_));
    if is_open && !lot.shipped.is_zero() {
        facts.add("on its way", lot.shipped.to_string());
    }
    if !lot.surplus.is_zero() {
        facts.add("surplus", format!("{} bought with it", lot.surplus));
    }
    if !lot.oversupply.is_zero() {
        facts.add("received beyond", lot.oversupply.to_string());
    }
    facts.add("refused so far", lot.refused.join(", "));
    if lot.chased > 0 {
        facts.add("chased", format!("{} times", lot.chased));
    }
    let timeline = timeline(engine, &id.to_string()).await?;
    Ok(Shown::new("lot", id.to_string(), facts, timeline))
}

fn until(lot: &Lot) -> Option<waybill_shared::domain::lot::Timestamp> {
    match lot.state() {
        LotState::Waiting { until, .. } => *until,
        LotState::RetryAt { due, .. } => Some(*due),
        LotState::Ready { .. } | LotState::Parked { .. } | LotState::Closed(_) => None,
    }
}

/// The sum that the lot's shares pay.
fn cost(lot: &Lot) -> String {
    let Some(first) = lot.funding.first() else { return String::new() };
    let sum = lot
        .funding
        .iter()
        .try_fold(Money::zero(first.covers.currency), |sum, share| sum.checked_add(share.covers));
    sum.map(|sum| sum.to_string()).unwrap_or_default()
}

/// Who must act next, and how. Empty once the lot has ended.
fn mover(lot: &Lot, line: Option<&Line>, order: Option<&Order>, coalition: &Coalition) -> String {
    let requester = line.map_or("its requester", |line| &line.requester);
    let supplier = order.map_or("the supplier", |order| &order.supplier);
    let channel = order.map_or("the buyer", |order| &order.channel);
    match lot.state() {
        LotState::Ready { .. } | LotState::RetryAt { .. } => "Waybill runs it".to_owned(),
        LotState::Parked { .. } => {
            "the operator: fix the cause, then replay the incident".to_owned()
        }
        LotState::Closed(Outcome::Merged { into }) => format!("nobody; it continues as {into}"),
        LotState::Closed(_) => "nobody; it has ended".to_owned(),
        LotState::Waiting { awaits, .. } => match awaits {
            Awaited::Review { group, .. } => match coalition.groups.get(group) {
                Some(found) => format!("{group} ({}) to review it", found.name),
                None => format!("{group} to review it"),
            },
            Awaited::Funding => {
                format!("the donors; `waybill why {}` says what is missing", lot.id)
            }
            Awaited::Offer => {
                format!("the secretariat; `waybill why {}` names the nearest offers", lot.id)
            }
            Awaited::Consent { donors } => {
                let donors: Vec<String> = donors.iter().map(|id| named(id, coalition)).collect();
                format!("{} to consent", donors.join(", "))
            }
            Awaited::Acceptance { .. } => format!("{} to accept it", named(requester, coalition)),
            Awaited::Gathering => "nobody; the ordering window ends by itself".to_owned(),
            Awaited::Approval { .. } => match order {
                Some(order) => format!("somebody other than {} to approve it", order.author),
                None => "somebody other than its author to approve it".to_owned(),
            },
            Awaited::Response { .. } => format!("{} to respond", named(supplier, coalition)),
            Awaited::Terms { order } => {
                format!("the secretariat to decide; `waybill show {order}` says on what")
            }
            Awaited::Delivery { .. } if lot.shipped.is_zero() => {
                format!("{} to despatch it", named(supplier, coalition))
            }
            Awaited::Delivery { .. } => {
                format!("{} to confirm receipt", named(requester, coalition))
            }
            Awaited::Payment { .. } => format!("{} to pay", named(channel, coalition)),
            Awaited::Amendment { requester } => {
                format!("{} to amend the line", named(requester, coalition))
            }
            Awaited::Release => "the operator to resume it".to_owned(),
        },
    }
}

/// A party's id, with its name if it has one.
pub(super) fn named(id: &str, coalition: &Coalition) -> String {
    match coalition.parties.get(id) {
        Some(party) if party.name != id => format!("{id} ({})", party.name),
        Some(_) | None => id.to_owned(),
    }
}

pub(super) async fn line(engine: &Engine, id: LineId) -> Result<Shown, QueryError> {
    let Some((_, stored)) = engine.store.lines(&[id]).await?.pop() else {
        return Err(unknown(engine, "line", &id.to_string()).await);
    };
    let (line, coalition) = (stored.line, engine.coalition().await?);
    let mut facts = Facts::default();
    facts.add("id", line.external_id.clone());
    facts.add("requester", named(&line.requester, &coalition));
    facts.add("item", line.item.clone());
    facts.add("description", line.description.clone());
    facts.add("code", format!("{} {}", line.scheme, line.classification));
    facts.add("group", coalition.group_of(&line.classification).map_or("", |group| &group.id));
    facts.add("quantity", format!("{} {}", line.quantity, line.unit.name()));
    facts.add("estimate", format!("{} a unit", line.unit_estimate));
    facts.add("priority", format!("class {}, rank {}", line.priority.class, line.priority.rank));
    facts.add("consignee", line.consignee.clone());
    facts.add("requested", line.requested.to_string());
    facts.may("needed by", line.needed_by);
    facts.may("together with", line.together.as_ref());
    facts.add("source", line.source.clone());
    for lot in engine.store.lots_of_line(id).await? {
        facts.add(&lot.id.to_string(), format!("{}: {}", lot.quantity, state(&lot)));
    }
    let timeline = timeline(engine, &id.to_string()).await?;
    Ok(Shown::new("line", id.to_string(), facts, timeline))
}
