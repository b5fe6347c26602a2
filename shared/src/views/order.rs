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

/// What the packs of a line hold together, in the unit in which it is answered and received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackContentView {
    /// What all packs hold.
    pub quantity: String,
    /// The unit's code.
    pub unit: String,
    /// What one pack holds.
    pub each: String,
}

/// What of a line nobody asked for: its supplier sells no less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SurplusView {
    /// How much, in the unit of the lot.
    pub quantity: String,
    /// The public code of the consignee whose stock it is.
    pub owner: String,
}

/// One line of an order: one lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderLineView {
    /// The lot.
    pub lot: LotId,
    /// The item as the offer names it.
    pub item: String,
    /// What is bought, in the unit that is priced.
    pub quantity: String,
    /// The unit's code.
    pub unit: String,
    /// What that holds, where it is packs of another unit: answers, despatches and receipts count this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<PackContentView>,
    /// The price of one unit; not told to those who carry or receive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Price>,
    /// Goods and charges together; not told to them either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The charges, each with whom it is due to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    /// The public code of the consignee.
    pub consignee: String,
    /// The day it is due.
    pub due: NaiveDate,
    /// How much of it was cancelled after it was sent, in the unit in which it is received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<String>,
    /// How much the price is for, where packs are shared with other lots; none: for one unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_base: Option<String>,
    /// What of it nobody asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus: Option<SurplusView>,
    /// Other terms that the supplier asks for, on which the secretariat decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Terms>,
}

/// An order to one supplier, by one channel, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderView {
    /// The number, which is the idempotency key of its sending.
    pub number: String,
    /// How far it has come.
    pub status: OrderStatus,
    /// The supplier; the donor, for goods in kind.
    pub supplier: String,
    /// Who buys.
    pub channel: String,
    /// When it was drawn up.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created: Timestamp,
    /// What all lines cost together; none for goods in kind, or where some are others'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// The contribution in kind that it calls on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_kind: Option<String>,
    /// Its lines, as they were agreed; of an order for several requesters, those that are the caller's.
    pub lines: Vec<OrderLineView>,
    /// How many events it has, those of its status included; also its `ETag`.
    pub version: i64,
}

impl OrderView {
    /// The view of `order` with these eyes, of which `lots` are those of its lots that they see.
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
            // Why they were not accepted may tell of a donor's balance.
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
    /// The orders, in order of their numbers.
    pub items: Vec<OrderView>,
    /// The cursor of the next page; none: this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
