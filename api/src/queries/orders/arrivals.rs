//! Coming arrivals: lots under orders by the day they are due, late ones first.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Priority};
use waybill_shared::domain::order::Order;
use waybill_shared::engine::Engine;
use waybill_shared::store::StoreError;
use waybill_shared::visibility::Visibility;

use crate::queries::cursor;
use crate::queries::error::QueryError;
use crate::queries::lots::incidents::parked;

/// A lot that is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Arrival {
    /// The day on which the lot is due.
    pub due: NaiveDate,
    /// The number of days until then. A negative number means that the lot is late.
    pub days: i64,
    /// The lot.
    pub lot: LotId,
    /// The requester's id of the lot's line.
    pub line: String,
    /// The requester.
    pub requester: String,
    /// The item.
    pub item: String,
    /// The quantity.
    pub quantity: String,
    /// How much of the quantity is on its way.
    pub shipped: String,
    /// The unit's code.
    pub unit: String,
    /// The lot's priority.
    pub priority: Priority,
    /// The order.
    pub order: String,
    /// The supplier. For goods in kind, the donor.
    pub supplier: String,
    /// The consignee's public code.
    pub consignee: String,
    /// The day by which the lot is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<NaiveDate>,
    /// How often the supplier was reminded of the delivery.
    pub chased: u32,
}

/// A page of arrivals.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ArrivalPage {
    /// The arrivals by the day they are due, so late ones come first.
    pub items: Vec<Arrival>,
    /// The cursor of the next page. If it is left out, this is the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which arrivals to list.
#[derive(Debug, Default)]
pub(crate) struct ArrivalsFilter<'a> {
    /// Arrivals due within this many days, late ones included.
    pub(crate) days: u32,
    pub(crate) requester: Option<&'a str>,
    pub(crate) supplier: Option<&'a str>,
    /// The cursor, and the largest number of arrivals.
    pub(crate) page: (Option<&'a str>, Option<u32>),
}

/// The coming arrivals that the caller may see.
pub(crate) async fn arrivals(
    engine: &Engine,
    visibility: &mut Visibility,
    asked: &ArrivalsFilter<'_>,
) -> Result<ArrivalPage, QueryError> {
    let day = engine.today(&visibility.coalition);
    let last = day + Days::new(u64::from(asked.days));
    let mut lots = engine.store.lots_awaiting("delivery").await?;
    lots.retain(|lot| lot.due.is_some_and(|due| due <= last));
    let mut orders = Orders::default();
    let mut found = Vec::new();
    for (lot, line) in visibility.lots(lots).await? {
        let (Some(due), Some(number)) = (lot.due, under(&lot)) else { continue };
        if asked.requester.is_some_and(|requester| line.requester != requester) {
            continue;
        }
        if let Some(asked) = asked.supplier {
            let order = orders.get(engine, number).await?;
            if order.is_none_or(|order| visibility.party_of(order, &order.supplier) != asked) {
                continue;
            }
        }
        found.push((due, lot, line));
    }
    found.sort_by_key(|(due, lot, _)| (*due, lot.id));
    let key = |(due, lot, _): &(NaiveDate, Lot, _)| format!("{due}/{:019}", lot.id.0);
    let (cut, next) = cursor::cut(found, "arrivals", asked.page, key)?;
    let mut items = Vec::with_capacity(cut.len());
    for (due, lot, line) in cut {
        let number = under(&lot).unwrap_or_default();
        let order = orders.get(engine, number).await?;
        let supplier = order.map(|order| visibility.party_of(order, &order.supplier));
        items.push(Arrival {
            due,
            days: (due - day).num_days(),
            lot: lot.id,
            line: line.external_id.clone(),
            requester: line.requester.clone(),
            item: line.item.clone(),
            quantity: lot.quantity.to_string(),
            shipped: lot.shipped.to_string(),
            unit: line.unit.to_string(),
            priority: lot.priority,
            order: number.to_owned(),
            supplier: supplier.unwrap_or_default(),
            consignee: lot.consignee(&line).to_owned(),
            needed_by: line.needed_by,
            chased: lot.chased,
        });
    }
    Ok(ArrivalPage { items, next })
}

/// The order under which a lot is expected.
fn under(lot: &Lot) -> Option<&str> {
    match lot.state() {
        LotState::Waiting { awaits: Awaited::Delivery { order }, .. } => Some(order),
        _ => None,
    }
}

/// A cache of orders.
#[derive(Default)]
pub(crate) struct Orders(HashMap<String, Option<Order>>);

impl Orders {
    pub(crate) async fn get(
        &mut self,
        engine: &Engine,
        number: &str,
    ) -> Result<Option<&Order>, StoreError> {
        if !self.0.contains_key(number) {
            let record = engine.store.record(RecordKind::Order, number).await?;
            let order = record.and_then(|record| serde_json::from_str(&record.body).ok());
            self.0.insert(number.to_owned(), order);
        }
        Ok(self.0.get(number).and_then(Option::as_ref))
    }

    /// The supplier of the order `number`.
    pub(crate) async fn supplier(
        &mut self,
        engine: &Engine,
        number: &str,
    ) -> Result<Option<&str>, StoreError> {
        Ok(self.get(engine, number).await?.map(|order| order.supplier.as_str()))
    }
}

/// A supplier whose deliveries are late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LateSupplier {
    /// The supplier's id.
    pub supplier: String,
    /// The supplier's name.
    pub name: String,
    /// The number of late lots.
    pub lots: usize,
    /// The number of orders with late lots.
    pub orders: usize,
    /// The number of days since the first of the late lots was due.
    pub days: i64,
    /// The first of the late lots.
    pub first: LotId,
    /// The item of that lot.
    pub item: String,
}

/// Suppliers with late deliveries, latest first. Lots that are parked because they are overdue are included.
pub(crate) async fn late_suppliers(engine: &Engine) -> Result<Vec<LateSupplier>, StoreError> {
    let coalition = engine.coalition().await?;
    let day = engine.today(&coalition);
    let mut lots = engine.store.lots_awaiting("delivery").await?;
    lots.extend(parked(engine, usize::MAX).await?.into_iter().map(|(_, _, lot)| lot));
    lots.retain(|lot| lot.due.is_some_and(|due| due < day) && lot.order.is_some());
    let mut orders = Orders::default();
    let mut by_supplier: BTreeMap<String, Vec<Lot>> = BTreeMap::new();
    for lot in lots {
        let number = lot.order.clone().unwrap_or_default();
        let Some(supplier) = orders.supplier(engine, &number).await? else { continue };
        by_supplier.entry(supplier.to_owned()).or_default().push(lot);
    }
    let mut late = Vec::with_capacity(by_supplier.len());
    for (supplier, lots) in by_supplier {
        let Some(first) = lots.iter().min_by_key(|lot| (lot.due, lot.id)) else { continue };
        let lines = engine.lines_of([first]).await?;
        let mut numbers: Vec<&String> = lots.iter().filter_map(|lot| lot.order.as_ref()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        late.push(LateSupplier {
            name: coalition.name_of(&supplier).to_owned(),
            lots: lots.len(),
            orders: numbers.len(),
            days: first.due.map_or(0, |due| (day - due).num_days()),
            first: first.id,
            item: lines.get(&first.line()).map(|line| line.item.clone()).unwrap_or_default(),
            supplier,
        });
    }
    late.sort_by_key(|supplier| (std::cmp::Reverse(supplier.days), supplier.supplier.clone()));
    Ok(late)
}
