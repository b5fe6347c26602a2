//! A supplier's answer to an order change. The quantities that it agrees to give up leave the
//! order, unless they have come meanwhile.

use waybill_shared::domain::kinds::{LotEvent, ReasonCode, RecordEvent};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::order::OrderStatus;
use waybill_shared::domain::order_change::ChangeState;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::store::ChangeSet;

use super::{Desk, Refusal};
use crate::documents::lowering::Lowering;
use crate::order_changes::FiledChange;
use crate::wanted;

impl Desk<'_> {
    pub(super) async fn change_response(
        &self,
        number: &str,
        change: &str,
        accepted: bool,
        text: &str,
    ) -> Result<ChangeSet, Refusal> {
        let mut filed = self.order(number).await?;
        self.only(&filed.order.supplier)?;
        let asked = FiledChange::read(self.engine, change).await?;
        let asked = asked.filter(|asked| asked.change.order == number);
        let mut asked = asked.ok_or_else(|| {
            Refusal::DoesNotApply(format!("there is no change `{change}` of `{number}`"))
        })?;
        match asked.change.state {
            ChangeState::Asked => {}
            ChangeState::Accepted
            | ChangeState::Refused
            | ChangeState::Overtaken
            | ChangeState::Settled => {
                let text = format!("`{change}` was already answered");
                return Err(Refusal::DoesNotApply(text));
            }
        }
        text.clone_into(&mut asked.change.answer);
        let mut change_set = self.change_set();
        if !accepted {
            change_set
                .records
                .push(asked.becomes(ChangeState::Refused, RecordEvent::OrderChangeRefused)?);
            return Ok(change_set);
        }
        let mut order = filed.order.clone();
        let reason = format!("{change} was accepted");
        let because = (ReasonCode::OrderChanged, reason);
        let event = LotEvent::LeftOrder;
        let mut lowering = Lowering { desk: self, order: &mut order, because, event };
        let mut is_anything_left = false;
        let mut lots: Vec<Lot> = Vec::new();
        for line in &asked.change.lines {
            // Lots of one line share their part numbers, so read its lots once.
            if !lots.iter().any(|lot| lot.line() == line.lot.line()) {
                lots.extend(self.engine.store.lots_of_line(line.lot.line()).await?);
            }
        }
        let mut last: std::collections::BTreeMap<_, i64> = std::collections::BTreeMap::new();
        for lot in &lots {
            let part = last.entry(lot.line()).or_default();
            *part = (*part).max(lot.id.part());
        }
        for line in &asked.change.lines {
            let mut left = line.from.less(line.to);
            for lot in lots.iter().filter(|lot| line.is_about(lot, number)) {
                let is_changed = change_set.lots.iter().any(|change| change.after.id == lot.id);
                let by = lot.quantity.less(lot.shipped).min(left);
                if by.is_zero() || is_changed {
                    continue;
                }
                left = Quantity(left.0 - by.0);
                let last = last.entry(lot.line()).or_default();
                lowering.lower(&mut change_set, lot.clone(), by, last).await?;
            }
            is_anything_left |= !left.is_zero();
        }
        let (state, event) = if change_set.lots.is_empty() {
            (ChangeState::Overtaken, RecordEvent::OrderChangeOvertaken)
        } else {
            (ChangeState::Accepted, RecordEvent::OrderChangeAccepted)
        };
        if is_anything_left {
            let note = "some of it had already been delivered or cancelled";
            asked.change.answer = [text, note].join(" ").trim().to_owned();
        }
        change_set.records.push(asked.becomes(state, event)?);
        if change_set.lots.is_empty() {
            return Ok(change_set);
        }
        if order.lines.is_empty() {
            change_set
                .records
                .push(filed.becomes(OrderStatus::Cancelled, RecordEvent::OrderCancelled)?);
        } else {
            filed.order = order;
            change_set.records.push(filed.lines(RecordEvent::OrderLowered)?);
        }
        change_set.jobs.push(wanted::round(self.engine));
        Ok(change_set)
    }
}
