//! Cancels what has not come yet of an order, and informs the supplier.

use waybill_shared::domain::kinds::{LotEvent, ReasonCode, RecordEvent};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::order::OrderStatus;

use super::{Context, Decided, already, refuse};
use crate::documents::Refusal;
use crate::documents::lowering::Lowering;
use crate::orders::{Message, StoredOrder};
use crate::wanted;

impl Context<'_> {
    pub(super) async fn cancel_order(&self, number: &str) -> Result<Decided, Refusal> {
        let engine = self.desk.engine;
        let filed = StoredOrder::read(engine, number).await?;
        let mut filed = filed.ok_or_else(|| refuse(format!("there is no order `{number}`")))?;
        if filed.order.in_kind.is_some() {
            return Err(refuse(format!(
                "`{number}` is for goods in kind, which no supplier sells"
            )));
        }
        let lots = engine.store.lots_under(&filed.order).await?;
        match filed.status {
            OrderStatus::Cancelled => return already("it is already cancelled"),
            OrderStatus::Refused if lots.is_empty() => {
                return already("it was refused, and no lot is left under it");
            }
            OrderStatus::AwaitingApproval
            | OrderStatus::Issued
            | OrderStatus::Sent
            | OrderStatus::Changed
            | OrderStatus::Accepted
            | OrderStatus::Refused
            | OrderStatus::Completed => {}
        }
        let (to_come, come): (Vec<Lot>, Vec<Lot>) = lots.into_iter().partition(Lot::is_outstanding);
        if to_come.is_empty() {
            return Err(refuse(format!("all of `{number}` has been delivered or is on its way")));
        }
        let mut change_set = self.desk.change_set();
        let why = self.because("cancelled by an operator");
        if filed.status != OrderStatus::AwaitingApproval {
            let message = Message::cancelled(&filed.order, &to_come, why);
            message.file(engine, &mut change_set).await?;
        }
        let mut order = filed.order.clone();
        let because = (ReasonCode::OrderCancelled, format!("{number}: {why}"));
        let event = LotEvent::OrderCancelled;
        let mut lowering = Lowering { desk: &self.desk, order: &mut order, because, event };
        for lot in to_come {
            let (all, mut last) = (lot.quantity, 0);
            lowering.lower(&mut change_set, lot, all, &mut last).await?;
        }
        if come.is_empty() {
            change_set
                .records
                .push(filed.becomes(OrderStatus::Cancelled, RecordEvent::OrderCancelled)?);
        } else {
            filed.order = order;
            change_set.records.push(filed.lines(RecordEvent::OrderCancelledInPart)?);
        }
        change_set.jobs.push(wanted::round(engine));
        Ok(change_set.into())
    }
}
