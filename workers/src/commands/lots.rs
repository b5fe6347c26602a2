//! Commands on lots: hold, resume, retry, skip, cancel, redirect.

use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome};
use waybill_shared::domain::order::OrderStatus;
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::store::ChangeSet;

use super::{Context, Decided, already, refuse};
use crate::documents::Refusal;
use crate::orders::{Message, StoredOrder};
use crate::wanted;

impl Context<'_> {
    pub(super) async fn hold(&self, id: LotId) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        match lot.state() {
            LotState::Closed(_) => return Err(ended(&lot)),
            LotState::Waiting { awaits: Awaited::Release, .. } => {
                return already("it is already on hold");
            }
            LotState::Parked { incident, .. } => {
                return Err(refuse(format!("{id} is parked ({incident}): retry or cancel it")));
            }
            LotState::Ready { .. } | LotState::Waiting { .. } | LotState::RetryAt { .. } => {}
        }
        let (mut after, mut change_set) = self.set_free(&lot).await?;
        after.because(ReasonCode::Held, self.because("held by an operator"));
        let result = StepResult::Wait { awaits: Awaited::Release, until: None };
        change_set.lots.push(self.desk.change(lot, after, result, LotEvent::Held)?);
        Ok(change_set.into())
    }

    pub(super) async fn resume(&self, id: LotId) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        let LotState::Waiting { awaits: Awaited::Release, .. } = lot.state() else {
            return if matches!(lot.state(), LotState::Closed(_)) {
                Err(ended(&lot))
            } else {
                already("it is not on hold")
            };
        };
        // All steps after matching need money, and the lot has none left.
        let to = StepResult::Go(Direction::Back(StepKind::MatchDonor));
        let mut after = lot.clone();
        after.because(ReasonCode::Resumed, self.because("resumed by an operator"));
        let change = self.desk.change(lot, after, to, LotEvent::Resumed)?;
        Ok(self.desk.change_set().lot(change).into())
    }

    pub(super) async fn retry(&self, id: LotId) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        let mut after = lot.clone();
        let (result, kind) = match lot.state() {
            LotState::Parked { incident, .. } => {
                let why = match self.reason {
                    "" => format!("was parked: {incident}"),
                    reason => format!("{reason} (was parked: {incident})"),
                };
                after.because(ReasonCode::Replayed, why);
                (StepResult::Replay, LotEvent::Replayed)
            }
            LotState::RetryAt { .. } => {
                after.because(ReasonCode::Retried, self.because("tried again by an operator"));
                (StepResult::Go(Direction::Again), LotEvent::Retried)
            }
            LotState::Ready { .. } => return already("it is already due to run"),
            LotState::Closed(_) => return Err(ended(&lot)),
            LotState::Waiting { awaits, .. } => {
                let what = awaits.name();
                return Err(refuse(format!(
                    "{id} waits for {what}: nothing has failed that could be retried"
                )));
            }
        };
        let change = self.desk.change(lot, after, result, kind)?;
        Ok(self.desk.change_set().lot(change).into())
    }

    pub(super) async fn skip(&self, id: LotId) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        let LotState::Parked { step, incident } = lot.state() else {
            return if matches!(lot.state(), LotState::Closed(_)) {
                Err(ended(&lot))
            } else {
                already("it is not parked")
            };
        };
        let Some(skipped) = step.kind().filter(|kind| kind.may_be_skipped()) else {
            return Err(refuse(format!("{id} failed at {step}, which cannot be skipped")));
        };
        let mut after = lot.clone();
        let why = self.because("passed by an operator");
        after.because(ReasonCode::Passed, format!("{why} (was parked: {incident})"));
        let result = StepResult::Go(Direction::Past(skipped));
        let change = self.desk.change(lot, after, result, LotEvent::Passed)?;
        Ok(self.desk.change_set().lot(change).into())
    }

    pub(super) async fn cancel(&self, id: LotId) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        match lot.state() {
            LotState::Closed(Outcome::Cancelled) => return already("it is already cancelled"),
            LotState::Closed(_) => return Err(ended(&lot)),
            LotState::Ready { .. }
            | LotState::Waiting { .. }
            | LotState::RetryAt { .. }
            | LotState::Parked { .. } => {}
        }
        let (mut after, mut change_set) = self.set_free(&lot).await?;
        after.because(ReasonCode::Cancelled, self.because("cancelled by an operator"));
        let result = StepResult::Close(Outcome::Cancelled);
        change_set.lots.push(self.desk.change(lot, after, result, LotEvent::Cancelled)?);
        Ok(change_set.into())
    }

    pub(super) async fn redirect(&self, id: LotId, consignee: &str) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        if let LotState::Closed(_) = lot.state() {
            return Err(ended(&lot));
        }
        if let LotState::Waiting { awaits: Awaited::Payment { .. }, .. } = lot.state() {
            return Err(refuse(format!(
                "{id} has been received: it cannot be redirected any more"
            )));
        }
        let lines = self.desk.engine.lines_of([&lot]).await?;
        let line = lines.get(&id.line()).ok_or_else(|| refuse(format!("{id} has no line")))?;
        if lot.consignee(line) == consignee {
            return already(format!("it already goes to {consignee}"));
        }
        let known = self.coalition().consignees.get(consignee);
        match known {
            Some(known) if known.requester == line.requester => {}
            Some(_) => {
                return Err(refuse(format!(
                    "consignee `{consignee}` belongs to another requester"
                )));
            }
            None => return Err(refuse(format!("there is no consignee `{consignee}`"))),
        }
        let mut after = lot.clone();
        after.consignee = (line.consignee != consignee).then(|| consignee.to_owned());
        let mut change_set = self.desk.change_set();
        if let Some(number) = &lot.order
            && let Some(filed) = StoredOrder::read(self.desk.engine, number).await?
        {
            if filed.status == OrderStatus::AwaitingApproval {
                let text =
                    format!("{number} is waiting for approval: approve or disapprove it first");
                return Err(refuse(text));
            }
            if lot.in_kind.is_none() {
                let message = Message::redirected(&filed.order, &after, consignee, self.reason);
                message.file(self.desk.engine, &mut change_set).await?;
            }
            after.because(ReasonCode::Redirected, self.because("sent to another consignee"));
        }
        // The lot stays in its state.
        let change = waybill_shared::store::LotChange::new(lot, after, LotEvent::Redirected);
        change_set.lots.push(change);
        Ok(change_set.into())
    }

    /// The lot without money and offer, with the other changes that this needs. Refused while the
    /// lot is under way.
    pub(super) async fn set_free(&self, lot: &Lot) -> Result<(Lot, ChangeSet), Refusal> {
        let mut change_set = self.desk.change_set();
        let mut after = lot.clone();
        let is_offered = matches!(lot.state().awaits(), Some(Awaited::Acceptance { .. }));
        if is_offered {
            change_set.jobs.push(wanted::round(self.desk.engine));
        } else if let Some(number) = &lot.order {
            let hint = format!("cancel the order first: waybill order cancel {number}");
            return Err(refuse(format!("{} is part of {number}; {hint}", lot.id)));
        } else if lot.in_kind.is_some() {
            return Err(refuse(format!("{} is being delivered as goods in kind", lot.id)));
        }
        let is_bound = |share: &waybill_shared::domain::funding::Share| {
            matches!(share.state, ShareState::Obligated | ShareState::Disbursed)
        };
        if lot.funding.iter().any(is_bound) {
            return Err(refuse(format!("{} has money that is bound by an order", lot.id)));
        }
        if !lot.funding.is_empty() {
            change_set.jobs.push(wanted::round(self.desk.engine));
        }
        after.release();
        after.chased = 0;
        Ok((after, change_set))
    }
}

pub(super) fn ended(lot: &Lot) -> Refusal {
    refuse(format!("{} has ended: {}", lot.id, lot.state().name()))
}
