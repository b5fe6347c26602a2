//! An order: what was agreed, and what became of each of its lines.

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::lot::{Awaited, Lot};
use waybill_shared::domain::order::{Order, OrderLine, OrderStatus};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::supplier::Charge;
use waybill_shared::engine::Engine;
use waybill_shared::store::Record;
use waybill_workers::documents::kept_for;
use waybill_workers::{Payable, cost, payable};

use super::lot::named;
use super::{Facts, Shown, read};
use crate::queries::effects::could_pay;
use crate::queries::error::QueryError;
use crate::queries::lots::timeline::{state, timelines};

pub(super) async fn order(engine: &Engine, record: &Record) -> Result<Shown, QueryError> {
    let order: Order = read(RecordKind::Order, record)?;
    let coalition = engine.coalition().await?;
    let status = match engine.store.record(RecordKind::OrderStatus, &order.number).await? {
        Some(status) => read(RecordKind::OrderStatus, &status)?,
        None => OrderStatus::Issued,
    };
    let supplier = named(&order.supplier, &coalition);
    let mut lots = engine.store.lots_under(&order).await?;
    lots.retain(|lot| !lot.quantity.is_zero());
    let (word, mover) = match status {
        OrderStatus::AwaitingApproval => {
            ("awaiting approval", format!("somebody other than {} to approve it", order.author))
        }
        OrderStatus::Issued => ("issued", "Waybill sends it".to_owned()),
        OrderStatus::Sent => ("sent", format!("{supplier} to respond")),
        OrderStatus::Changed if lots.iter().all(|lot| !waits_for_terms(lot)) => {
            ("changed", "the donors that are asked to agree".to_owned())
        }
        OrderStatus::Changed => {
            let ways = "`waybill order accept`, `rematch` or `reject`";
            ("changed", format!("the secretariat to decide: {ways}"))
        }
        OrderStatus::Accepted => ("accepted", String::new()),
        OrderStatus::Cancelled => ("cancelled", "nobody; it has ended".to_owned()),
        OrderStatus::Refused => ("refused", "nobody; it has ended".to_owned()),
        OrderStatus::Completed => ("completed", "nobody; it has ended".to_owned()),
    };
    let mut facts = Facts::default();
    facts.add("status", word);
    facts.add("whose move", mover);
    facts.add("supplier", supplier);
    facts.add("channel", named(&order.channel, &coalition));
    facts.add("author", order.author.clone());
    facts.at("drawn up", Some(order.created));
    facts.may("total", order.total());
    facts.may("in kind", order.in_kind.as_ref());
    for reason in &order.approval {
        facts.add("approval", reason.clone());
    }
    for line in &order.lines {
        let bought = format!("{} {} {}", line.quantity, line.unit.name(), line.item);
        let what = match (line.whole_packs(), line.packs) {
            (Some(packs), _) => {
                let (many, name) = (packs.quantity, packs.unit.name());
                format!("{bought} in {many} {name} of {} each", packs.each)
            }
            (None, Some(packs)) => {
                format!("{bought} out of {} of {} each", packs.unit.name(), packs.each)
            }
            (None, None) => bought,
        };
        let surplus = match &line.surplus_payer {
            Some(payer) => {
                let (surplus, owner) = (line.surplus, line.surplus_owner());
                format!(", of them {surplus} surplus for the stock of {owner} paid by {payer}")
            }
            None => String::new(),
        };
        let payers: Vec<&str> = line.shares.iter().map(|share| share.envelope.as_str()).collect();
        let payers = match payers.as_slice() {
            [] => String::new(),
            payers => format!(", paid by {}", payers.join(", ")),
        };
        let charges: Vec<String> = line
            .charges
            .iter()
            .map(|Charge { kind, due_to, amount, .. }| {
                format!("{} {amount} for {due_to}", kind.name())
            })
            .collect();
        let charges = match charges.as_slice() {
            [] => String::new(),
            charges => format!(" with {}", charges.join(" and ")),
        };
        let how = format!("{}{charges}, due {} at {}", line.amount, line.due, line.consignee);
        let is_of = |lot: &&Lot| order.line(lot.order_line()).is_some_and(|of| of.lot == line.lot);
        let parts = lots.iter().filter(is_of).map(|lot| match lot.id == line.lot {
            true => format!("{} {}", lot.quantity, state(lot)),
            false => format!("{} ({}) {}", lot.quantity, lot.id, state(lot)),
        });
        let mut now: Vec<String> = parts.collect();
        if now.is_empty() {
            now.push("no longer under this order".to_owned());
        }
        let cancelled = order.cancelled_of(line.lot);
        if !cancelled.is_zero() {
            now.push(format!("{cancelled} cancelled"));
        }
        // Surplus that no lot of the line has any more did not arrive.
        let missing = line.surplus_payer.as_ref().map_or(Quantity::ZERO, |_| {
            line.surplus.less(lots.iter().filter(is_of).map(|lot| lot.surplus).sum())
        });
        if !missing.is_zero() {
            now.push(format!("{missing} of the surplus did not come"));
        }
        let over: Quantity = lots.iter().filter(is_of).map(|lot| lot.oversupply).sum();
        if !over.is_zero() {
            now.push(format!("{over} more than ordered came"));
        }
        let now = format!("; {}", now.join(", "));
        let asked = asked(&coalition, &order, line);
        facts.add(&line.lot.to_string(), format!("{what}, {how}{payers}{surplus}{now}{asked}"));
    }
    for Payable { lot, payers } in payable(engine, &coalition, &order).await? {
        facts.add("could pay", format!("{lot}: {}", could_pay(&coalition, payers)));
    }
    // A line that was cancelled as a whole is no longer part of the order.
    for part in &order.cancelled {
        if order.lines.iter().all(|line| line.lot != part.lot) {
            facts.add(&part.lot.to_string(), format!("{} cancelled", part.quantity));
        }
    }
    for (document, until) in kept_for(engine, &order.number).await? {
        facts.add("kept", format!("{} of {}, {until}", document.number, document.sender));
    }
    let subjects = [format!("order:{}", order.number), format!("order_status:{}", order.number)];
    let timeline = timelines(engine, &subjects).await?;
    Ok(Shown::new("order", order.number, facts, timeline))
}

fn waits_for_terms(lot: &Lot) -> bool {
    matches!(lot.state().awaits(), Some(Awaited::Terms { .. }))
}

/// The terms that the supplier asks for, compared with those that were agreed.
fn asked(coalition: &Coalition, order: &Order, line: &OrderLine) -> String {
    let Some(terms) = &line.asked else { return String::new() };
    let (price, due) = (terms.unit_price, terms.due);
    let cost = cost(coalition, order, line, price).unwrap_or(line.amount);
    let day = if due == line.due { String::new() } else { format!(", due {due}") };
    let why = &terms.why;
    format!("; asked: {} -> {price} a unit, {cost}{day} ({why})", line.unit_price)
}
