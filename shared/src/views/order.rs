//! Orders.

use crate::domain::ids::LotId;
use crate::domain::lot::{Lot, Timestamp};
use crate::domain::money::Money;
use crate::domain::order::{Order, OrderLine, OrderStatus, Terms};
use crate::domain::price::Price;
use crate::domain::requisition::Line;
use crate::domain::supplier::Charge;
use crate::visibility::Visibility;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The content of an order line's packs, in the unit of responses and receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackContentView {
    /// The content of all packs together.
    pub quantity: String,
    /// The unit's code.
    pub unit: String,
    /// The content of one pack.
    pub each: String,
}

/// The part of a line that nobody requested, because the supplier does not sell less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SurplusView {
    /// The quantity, in the unit of the lot.
    pub quantity: String,
    /// The public code of the consignee whose stock it is.
    pub owner: String,
}

/// One line of an order, for one lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderLineView {
    /// The id of the lot.
    pub lot: LotId,
    /// The item, as the offer names it.
    pub item: String,
    /// The quantity that is bought, in the unit that is priced.
    pub quantity: String,
    /// The unit's code.
    pub unit: String,
    /// The content, if packs of another unit are bought. Responses, despatches and receipts count in that unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<PackContentView>,
    /// The price of one unit. It is hidden from those who carry or receive the goods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Price>,
    /// Goods and charges together. It is hidden from the same parties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The charges, each with the party that receives it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    /// The public code of the consignee.
    pub consignee: String,
    /// The day on which delivery is due.
    pub due: NaiveDate,
    /// The quantity that was cancelled after the order was sent, in the unit of receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<String>,
    /// The quantity that the price is for, if packs are shared with other lots; absent if the price is for one unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_base: Option<String>,
    /// The part that nobody requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus: Option<SurplusView>,
    /// Other terms that the supplier asks for. The secretariat decides about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Terms>,
}

/// An order to one supplier, through one channel, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderView {
    /// The number. It is also the idempotency key when the order is sent.
    pub number: String,
    /// How far the order has come.
    pub status: OrderStatus,
    /// The supplier; for goods in kind, the donor.
    pub supplier: String,
    /// The buying agent.
    pub channel: String,
    /// When the order was drawn up.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created: Timestamp,
    /// The cost of all lines together; absent for goods in kind, or if some lines are not the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// The contribution in kind that the order draws on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_kind: Option<String>,
    /// The lines, as they were agreed. If the order serves several requesters, only the caller's lines.
    pub lines: Vec<OrderLineView>,
    /// The number of events of the order and of its status together; also its `ETag`.
    pub version: i64,
}

impl OrderView {
    /// The view of `order` for `visibility`. `lots` are the visible lots of the order.
    #[must_use]
    pub fn of(
        order: &Order,
        status: OrderStatus,
        version: i64,
        visibility: &Visibility,
        lots: &[(Lot, Arc<Line>)],
    ) -> Self {
        let seen: Vec<&OrderLine> =
            order.lines.iter().filter(|line| visibility.order_line(line, lots)).collect();
        let is_whole = seen.len() == order.lines.len();
        let is_priced = !visibility.hides_prices();
        let line = |line: &OrderLine| OrderLineView {
            lot: line.lot,
            item: line.item.clone(),
            quantity: line.priced().0.to_string(),
            unit: line.priced().1.to_string(),
            content: line.whole_packs().map(|packs| PackContentView {
                quantity: line.quantity.to_string(),
                unit: line.unit.to_string(),
                each: packs.each.to_string(),
            }),
            unit_price: is_priced.then_some(line.unit_price),
            amount: is_priced.then_some(line.amount),
            charges: if is_priced { line.charges.clone() } else { Vec::new() },
            consignee: line.consignee.clone(),
            due: line.due,
            cancelled: Some(order.cancelled_of(line.lot))
                .filter(|cancelled| !cancelled.is_zero())
                .map(|cancelled| cancelled.to_string()),
            price_base: line
                .packs
                .filter(|_| line.whole_packs().is_none())
                .map(|packs| packs.each.to_string()),
            surplus: (!line.surplus.is_zero()).then(|| SurplusView {
                quantity: line.surplus.to_string(),
                owner: line.surplus_owner().to_owned(),
            }),
            // The reason why they were not accepted may reveal a donor's balance.
            asked: line.asked.clone().filter(|_| is_priced).map(|terms| {
                match visibility.is_whole() {
                    true => terms,
                    false => Terms { why: String::new(), ..terms },
                }
            }),
        };
        Self {
            number: order.number.clone(),
            status,
            supplier: visibility.party_of(order, &order.supplier),
            channel: visibility.party_of(order, &order.channel),
            created: order.created,
            total: order.total().filter(|_| is_whole && is_priced),
            in_kind: order.in_kind.as_deref().map(|id| visibility.contribution_name(id)),
            lines: seen.into_iter().map(line).collect(),
            version,
        }
    }
}

/// A page of orders.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OrderPage {
    /// The orders, by number.
    pub items: Vec<OrderView>,
    /// The cursor of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
