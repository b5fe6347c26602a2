//! Parties: donors with their money, suppliers with their orders. Also webhooks.

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::order::{Order, OrderStatus};
use waybill_shared::domain::party::{Party, Role as PartyRole};
use waybill_shared::engine::Engine;
use waybill_shared::store::Record;
use waybill_shared::views::OrderView;
use waybill_shared::visibility::Visibility;
use waybill_workers::webhooks::State as Standing;

use super::money::{given_by, totals};
use super::{Facts, Shown, read};
use crate::queries::error::QueryError;
use crate::queries::lots::timeline::timeline;
use crate::queries::near::unknown;

/// The largest number of a supplier's orders that are shown.
const ORDERS: i64 = 200;

pub(super) async fn party(engine: &Engine, record: &Record) -> Result<Shown, QueryError> {
    let party: Party = read(RecordKind::Party, record)?;
    let coalition = engine.coalition().await?;
    let mut facts = Facts::default();
    facts.add("name", party.name.clone());
    let today = engine.today(&coalition);
    for span in &party.roles {
        let role = match span.role {
            PartyRole::Lead => "lead",
            PartyRole::Member => "member",
            PartyRole::Observer => "observer",
            PartyRole::Beneficiary => "beneficiary",
            PartyRole::BuyingAgent => "buying agent",
        };
        let holds = match span.to {
            Some(to) if to < today => format!("from {} to {to}, ended", span.from),
            Some(to) => format!("from {} to {to}", span.from),
            None => format!("from {}", span.from),
        };
        facts.add(role, format!("{holds}; {}", span.evidence));
    }
    let envelopes = given_by(engine, &coalition, &party.id).await?;
    totals(&mut facts, &envelopes);
    sells(&mut facts, &coalition, &party.id);
    let orders = orders(engine, &coalition, &party.id).await?;
    let id = format!("party:{}", party.id);
    let timeline = timeline(engine, &id).await?;
    let shown = Shown::new("party", id, facts, timeline);
    Ok(Shown { envelopes, orders, ..shown })
}

/// A supplier that appears in offers, but is not a party.
pub(super) async fn supplier(engine: &Engine, id: &str) -> Result<Option<Shown>, QueryError> {
    let coalition = engine.coalition().await?;
    if !coalition.offers.values().any(|offer| offer.supplier == id) {
        return Ok(None);
    }
    let mut facts = Facts::default();
    sells(&mut facts, &coalition, id);
    let orders = orders(engine, &coalition, id).await?;
    let shown = Shown::new("supplier", id.to_owned(), facts, Vec::new());
    Ok(Some(Shown { orders, ..shown }))
}

/// Adds what a supplier offers now.
fn sells(facts: &mut Facts, coalition: &Coalition, supplier: &str) {
    for offer in coalition.offers.values().filter(|offer| offer.supplier == supplier) {
        let until = offer.to.map(|to| format!(" until {to}")).unwrap_or_default();
        let (item, price, days) = (&offer.item, &offer.unit_price, offer.lead_days);
        let per = match offer.pack_of {
            Some(pack) => {
                format!("a {} of {} {}", offer.unit.name(), pack.quantity, pack.unit.name())
            }
            None => "a unit".to_owned(),
        };
        facts.add(&offer.id, format!("{item}, {price} {per}, {days} days{until}"));
    }
}

/// The orders of a supplier. Their numbers begin with its id.
async fn orders(
    engine: &Engine,
    coalition: &std::sync::Arc<Coalition>,
    supplier: &str,
) -> Result<Vec<OrderView>, QueryError> {
    let first = format!("PO-{supplier}-");
    let role = waybill_shared::domain::account::Role::Operator;
    let visibility = Visibility::new(engine, coalition.clone(), role, None);
    let mut orders = Vec::new();
    for record in engine.store.records_from(RecordKind::Order, &first, ORDERS).await? {
        if !record.id.starts_with(&first) {
            break;
        }
        let order: Order = read(RecordKind::Order, &record)?;
        if order.supplier != supplier {
            continue;
        }
        let status = engine.store.record(RecordKind::OrderStatus, &order.number).await?;
        let (status, raised) = match status {
            Some(status) => (read(RecordKind::OrderStatus, &status)?, status.version),
            None => (OrderStatus::Issued, 0),
        };
        let version = record.version + raised;
        orders.push(OrderView::of(&order, status, version, &visibility, &[]));
    }
    Ok(orders)
}

pub(super) async fn webhook(engine: &Engine, id: &str) -> Result<Shown, QueryError> {
    let Some(standing) = Standing::read(engine, id).await? else {
        return Err(unknown(engine, "webhook", id).await);
    };
    let (endpoint, progress) = (&standing.endpoint, &standing.progress);
    let mut facts = Facts::default();
    facts.add("address", endpoint.url.clone());
    facts.add("name", endpoint.name.clone());
    facts.add("role", endpoint.role.name());
    facts.may("for", endpoint.party.as_ref());
    facts.add("kinds", endpoint.filter.kinds.join(", "));
    facts.at("made", Some(endpoint.created));
    if let Some(disabled) = &endpoint.disabled {
        facts.add("turned off", disabled.why.clone());
        facts.at("off since", Some(disabled.at));
    }
    facts.at("failing since", progress.failing_since);
    let last = engine.store.last_position().await?;
    let behind = (last - progress.position).max(0);
    facts.add("position", format!("{}, {behind} behind", progress.position));
    facts.add("waiting", standing.waiting().count().to_string());
    facts.add("failed", standing.failed().count().to_string());
    let id = format!("webhook:{id}");
    let timeline = timeline(engine, &id).await?;
    Ok(Shown::new("webhook", id, facts, timeline))
}
